/* The clock: the process that no candidate can reach. It owns the inputs, starts and stops the runners, takes the
   time, and checks every output. It obeys one command a line on stdin and answers with one line on stdout; what to
   measure, and what follows from it, is decided in Python (hayate/judge/session.py).

   usage: clock INPUT_FD CANDIDATE_OUTPUT_FD YARDSTICK_OUTPUT_FD CANDIDATE_CONTROL_FD YARDSTICK_CONTROL_FD CLOCK_CORE
          SHARES_CORE LONGEST
   LONGEST: elements of the longest array that will be asked for. It says `sealed` when runners may be started.
     key WORDS...                                      eight of 32 bits, what inputs and positions are drawn with
     runners CANDIDATE_PID YARDSTICK_PID CORES...      affinity and priority, then load;  -> loaded PRIORITY
     verify CALL DISTRIBUTION BITS FACTOR FIRST FUNCTION GAMMA TIMEOUT_NS SIZES... LENGTHS...
     pair   the same; `verify` has no use for FIRST and FUNCTION
     peak FUNCTION ITERATIONS
   CALL is a number that no other call of the launch has. GAMMA is factor * gamma_terms of the task's bound. An answer
   `fail WHO WHAT NUMBERS...` ends the launch. */
#define _GNU_SOURCE
#include "process.h"
#include "regions.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROBES = 64, KEPT_PROBES = 1024, SAMPLES = 48 };

static double *master[HY_MAX_ARRAYS], *kept[2][HY_MAX_ARRAYS], *exact[HY_MAX_ARRAYS], *scale[HY_MAX_ARRAYS];
static int64_t room; /* elements in each private array */
static uint64_t probe_values[HY_MAX_ARRAYS][PROBES];
static int64_t probe_at[HY_MAX_ARRAYS][PROBES];
static struct {
    uint32_t command, function;
    int64_t iterations;
} order;

static void announce(struct hy_control *c)
{
    c->command = order.command;
    c->function = order.function;
    c->peak_iterations = order.iterations;
    memcpy(c->sizes, sizes, sizeof sizes);
    memcpy(c->offsets, offsets, sizeof offsets);
}

static int which_of(const struct runner *r) { return r == &candidate ? 0 : 1; }

static void write_inputs(void)
{
    for (int i = 0; i < HY_INPUTS; i++) memcpy(inputs.base + offsets[i], master[i], (size_t)lengths[i] * 8);
}

/* One checked call: fresh inputs, wiped output, the call, secret positions, freeze, everything looked at; of a `paired`
   one, whose time may count, the whole region. The output is kept in `kept[which]`. */
static struct call checked_call(struct runner *r, uint32_t function, uint64_t call, int64_t timeout_ns, int paired)
{
    const int which = which_of(r);
    struct hy_stream positions = hy_stream_of(&key, call, HY_POSITIONS);
    write_inputs();
    const uint64_t sentinel = wipe(which, call);
    for (int i = 0; i < HY_OUTPUTS; i++)
        for (int p = 0; p < PROBES; p++) {
            const int64_t n = lengths[HY_INPUTS + i];
            probe_at[i][p] = p == 0 ? n - 1 : (int64_t)hy_below(&positions, (uint64_t)n);
        }
    order.command = HY_CALL;
    order.function = function;
    struct call result = run(r, announce, timeout_ns);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const volatile uint64_t *values = (const volatile uint64_t *)output(which, i);
        for (int p = 0; p < PROBES; p++) probe_values[i][p] = values[probe_at[i][p]];
    }
    freeze(r, &result);
    notice_awake(r == &candidate ? &yardstick : &candidate);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const uint64_t *values = (const uint64_t *)output(which, i);
        for (int p = 0; p < PROBES; p++)
            if (values[probe_at[i][p]] != probe_values[i][p]) fail(r->name, "late %lld", (long long)probe_at[i][p]);
    }
    const int64_t outside = touched_outside(which, call, paired);
    if (outside) fail(r->name, "outside %lld", (long long)outside);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const uint64_t *values = (const uint64_t *)output(which, i);
        const int64_t n = lengths[HY_INPUTS + i];
        uint64_t *restrict to = (uint64_t *)kept[which][i]; /* what is looked at is what is kept: read once */
        int64_t unwritten = 0;
        for (int64_t k = 0; k < n; k++) {
            to[k] = values[k];
            unwritten += to[k] == sentinel;
        }
        if (unwritten) fail(r->name, "unwritten %lld %lld", (long long)unwritten, (long long)n);
    }
    return result;
}

/* While the other's call ran, this one stood still: nobody else can write to its region. */
static void must_be_unchanged(struct runner *r, uint64_t call)
{
    const int which = which_of(r);
    struct hy_stream positions = hy_stream_of(&key, call, HY_KEPT);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const uint64_t *values = (const uint64_t *)output(which, i), *was = (const uint64_t *)kept[which][i];
        const uint64_t n = (uint64_t)lengths[HY_INPUTS + i];
        for (int p = 0; p < KEPT_PROBES; p++) {
            const uint64_t at = hy_below(&positions, n);
            if (values[at] != was[at]) fail(r->name, "late %lld", (long long)at);
        }
    }
}

static void must_hold(const char *who, const struct error *e, int exactly)
{
    if (e->array >= 0)
        fail(who, "%s %lld %lld %lld %.17g %.17g %.17g", exactly ? "inexact" : "wrong", (long long)e->bad,
             (long long)e->total, (long long)e->at, e->got, e->want, e->bound);
}

static struct error compare_all(double **got, double **want, double gamma, int exactly)
{
    struct error found = NO_ERROR;
    for (int i = 0; i < HY_OUTPUTS; i++)
        compare(&found, i, lengths[HY_INPUTS + i], got[i], want[i], scale[i], gamma, exactly);
    return found;
}

static int64_t next(void)
{
    char *token = strtok(NULL, " \n");
    return token ? strtoll(token, NULL, 10) : 0;
}

static double next_double(void)
{
    char *token = strtok(NULL, " \n");
    return token ? strtod(token, NULL) : 0.0;
}

static void read_shape(void)
{
    for (int i = 0; i < HY_SIZES; i++) sizes[i] = next();
    for (int i = 0; i < HY_INPUTS + HY_OUTPUTS; i++) {
        lengths[i] = next();
        if (lengths[i] < 1) fail("clock", "length %lld", (long long)lengths[i]);
        if (lengths[i] > room) fail("clock", "room %lld", (long long)lengths[i]);
    }
}

static void read_key(void)
{
    for (int i = 0; i < HY_KEY_WORDS; i++) key.word[i] = (uint32_t)next();
    draw_pattern();
    printf("keyed\n");
}

static void runners(void)
{
    const pid_t c = (pid_t)next(), y = (pid_t)next();
    cpu_set_t cores;
    CPU_ZERO(&cores);
    int n = 0;
    for (char *token; (token = strtok(NULL, " \n")); n++) CPU_SET(atoi(token), &cores);
    if (!n) fail("clock", "cores");
    adopt(&candidate, c, &cores);
    adopt(&yardstick, y, &cores);
    const char *priority = raise_priority(c, 10);
    const char *other = raise_priority(y, 10);
    raise_priority(0, 20);
    forbid_priority(c);
    forbid_priority(y);
    if (strcmp(priority, other)) priority = "none";
    load(&yardstick);
    load(&candidate);
    printf("loaded %s\n", priority);
}

/* What `verify` and `pair` are asked. */
static struct request {
    uint64_t call;
    int distribution, bits;
    double factor;
    int candidate_first;
    uint32_t function;
    double gamma;
    int64_t timeout_ns;
} asked;

/* Reads it, draws the inputs and their addresses. */
static void prepare(void)
{
    asked.call = (uint64_t)next();
    asked.distribution = (int)next();
    asked.bits = (int)next();
    asked.factor = next_double();
    asked.candidate_first = (int)next();
    asked.function = (uint32_t)next();
    asked.gamma = next_double();
    asked.timeout_ns = next();
    read_shape();
    for (int i = 0; i < HY_INPUTS; i++)
        fill(master[i], lengths[i], &key, asked.call, i, asked.distribution, asked.bits, asked.factor);
    place(asked.call);
}

static void verify(void)
{
    prepare();
    const int exactly = asked.distribution == HY_INTEGERS;
    const struct call c = checked_call(&candidate, 0, asked.call, asked.timeout_ns, 0);
    hy_exact(sizes, (const double *const *)master, exact, scale);
    const struct error error = compare_all(kept[0], exact, asked.gamma, exactly);
    must_hold("candidate", &error, exactly);
    printf("verified %lld %lld %.6g\n", (long long)c.ns, (long long)(c.thaw_ns + c.halt_ns), error.worst);
}

#ifdef HY_SAMPLE
/* Some elements of both outputs against the oracle, which can afford a few at any size: the candidate's worst error. */
static double hold_samples(void)
{
    static int64_t at[SAMPLES];
    static double got[SAMPLES], want[SAMPLES], size[SAMPLES];
    const int exactly = asked.distribution == HY_INTEGERS;
    struct hy_stream positions = hy_stream_of(&key, asked.call, HY_SAMPLES);
    double worst = 0;
    for (int i = 0; i < HY_OUTPUTS; i++) {
        for (int k = 0; k < SAMPLES; k++) at[k] = (int64_t)hy_below(&positions, (uint64_t)lengths[HY_INPUTS + i]);
        hy_sample(sizes, (const double *const *)master, i, SAMPLES, at, want, size);
        for (int which = 0; which < 2; which++) {
            struct error error = NO_ERROR;
            for (int k = 0; k < SAMPLES; k++) got[k] = kept[which][i][at[k]];
            compare(&error, i, SAMPLES, got, want, size, asked.gamma, exactly);
            if (error.array >= 0) error.at = at[error.at];
            must_hold(which ? "yardstick" : "candidate", &error, exactly);
            if (!which && error.worst > worst) worst = error.worst;
        }
    }
    return worst;
}
#else
static double hold_samples(void) { return 0; }
#endif

static void pair(void)
{
    prepare();
    const int exactly = asked.distribution == HY_INTEGERS;
    struct call c, y;
    if (asked.candidate_first) {
        c = checked_call(&candidate, 0, asked.call, asked.timeout_ns, 1);
        y = checked_call(&yardstick, asked.function, asked.call + 1, asked.timeout_ns, 1);
        must_be_unchanged(&candidate, asked.call);
    } else {
        y = checked_call(&yardstick, asked.function, asked.call + 1, asked.timeout_ns, 1);
        c = checked_call(&candidate, 0, asked.call, asked.timeout_ns, 1);
        must_be_unchanged(&yardstick, asked.call);
    }
    /* Two computed results: each within gamma * scale of the exact one. Where they disagree the oracle decides who
       is wrong, for the opponent may be a rival that would rather be wrong than beaten. */
    hy_scale(sizes, (const double *const *)master, scale);
    struct error error = compare_all(kept[0], kept[1], 2 * asked.gamma, exactly);
    if (error.array >= 0) {
        hy_exact(sizes, (const double *const *)master, exact, scale);
        const struct error mine = compare_all(kept[0], exact, asked.gamma, exactly);
        const struct error its = compare_all(kept[1], exact, asked.gamma, exactly);
        must_hold("candidate", &mine, exactly);
        must_hold("yardstick", &its, exactly);
        must_hold("candidate", &error, exactly);
    }
    const double worst = hold_samples();
    if (worst > error.worst) error.worst = worst;
    const struct call *both[2] = {&c, &y};
    printf("pair");
    for (int i = 0; i < 2; i++)
        printf(" %lld %lld %lld %lld %lld %lld", (long long)both[i]->ns, (long long)both[i]->delay_ns,
               (long long)both[i]->thaw_ns, (long long)both[i]->thaw_delay_ns, (long long)both[i]->halt_ns,
               (long long)both[i]->cpu_ns);
    printf(" %.6g\n", error.worst);
}

static void peak(void)
{
    order.command = HY_PEAK;
    order.function = (uint32_t)next();
    order.iterations = next();
    struct call c = run(&yardstick, announce, 10000000000LL);
    freeze(&yardstick, &c);
    printf("peak %lld\n", (long long)c.ns);
}

static void make_arrays(void)
{
    for (int i = 0; i < HY_MAX_ARRAYS; i++) {
        double **arrays[] = {&master[i], &kept[0][i], &kept[1][i], &exact[i], &scale[i]};
        for (int k = 0; k < 5; k++) {
            if (k == 0 ? i >= HY_INPUTS : i >= HY_OUTPUTS) continue;
            const size_t bytes = (size_t)room * 8;
            *arrays[k] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (*arrays[k] == MAP_FAILED) fail("clock", "mmap %d", errno);
            populate(*arrays[k], bytes);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 9) return 2;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(atoi(argv[6]), &core);
    sched_setaffinity(0, sizeof core, &core);
    shares_core = atoi(argv[7]);
    map_regions((const int[3]){atoi(argv[1]), atoi(argv[2]), atoi(argv[3])});
    candidate.control = map_control(atoi(argv[4]));
    yardstick.control = map_control(atoi(argv[5]));
    room = atoll(argv[8]);
    printf("sealed\n");
    fflush(stdout);
    populate(inputs.base, inputs.bytes);
    /* Which region gets its pages first is chance: pages that are given out together lie better than later ones. */
    const int first = getpid() & 1;
    for (int i = 0; i < 2; i++) populate(outputs[i ^ first].base, outputs[i ^ first].bytes);
    make_arrays();
    for (char line[1024]; fgets(line, sizeof line, stdin); fflush(stdout)) {
        const char *word = strtok(line, " \n");
        if (!word) continue;
        if (!strcmp(word, "key")) read_key();
        else if (!strcmp(word, "runners")) runners();
        else if (!strcmp(word, "verify")) verify();
        else if (!strcmp(word, "pair")) pair();
        else if (!strcmp(word, "peak")) peak();
        else fail("clock", "command");
    }
    return 0;
}
