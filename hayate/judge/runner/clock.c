/* The clock: the process that no candidate can reach. It owns the inputs, starts and stops the runners, takes the
   time, and checks every output. It obeys one command a line on stdin and answers with one line on stdout; what to
   measure, and what follows from it, is decided in Python (hayate/judge/session.py).

   usage: clock INPUT_FD OUTPUT_FD CANDIDATE_CONTROL_FD YARDSTICK_CONTROL_FD CLOCK_CORE SHARES_CORE LONGEST
   LONGEST: elements of the longest array that will be asked for. It says `sealed` when runners may be started.
     runners CANDIDATE_PID YARDSTICK_PID CORES...      affinity and priority, then load;  -> loaded PRIORITY
     verify SEED DISTRIBUTION BITS SCALE GAMMA TIMEOUT_NS SIZES... LENGTHS...
     pair SEED DISTRIBUTION FIRST FUNCTION GAMMA TIMEOUT_NS SIZES... LENGTHS...
     peak FUNCTION ITERATIONS
   GAMMA is factor * gamma_terms of the task's bound. An answer `fail WHO WHAT NUMBERS...` ends the launch. */
#define _GNU_SOURCE
#include "glue.h"
#include "protocol.h"
#include "values.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

enum { PROBES = 64, GUARD = 4096, SLICE_MS = 20, AWAKENINGS = 3 };
static const int64_t READY_NS = 5000000000LL; /* a runner that isn't awake by then is lost or up to something */
static const int64_t STALL_NS = 500000000LL;  /* a gap this long in the clock's own looks: the machine stood still */
static const int64_t HUNGRY_BYTES = 512LL << 20;
static const int64_t AWAKE_NS = 1000000LL;    /* preempted on its way to a stop, a process uses its core once more: 0.4 ms was seen */

struct region {
    char *base;
    size_t bytes;
};
struct runner {
    const char *name;
    struct hy_control *control;
    pid_t pid;
    int stat_fd, schedstat_fd, statm_fd;
    uint32_t turn;
    int64_t frozen_cpu_ns; /* its CPU time when it was frozen last; -1 while it may run */
    int awakenings;        /* how often it ran while it was frozen */
};
struct call {
    int64_t ns, thaw_ns, thaw_delay_ns, delay_ns; /* delays: what the scheduler kept it waiting */
};

static struct region inputs, outputs;
static struct runner candidate = {.name = "candidate", .frozen_cpu_ns = -1};
static struct runner yardstick = {.name = "yardstick", .frozen_cpu_ns = -1};
static int shares_core;
static uint64_t secret; /* positions and sentinels can't be told from the inputs, whose generator can be inverted */
static double *master[HY_MAX_ARRAYS], *kept[2][HY_MAX_ARRAYS], *exact[HY_MAX_ARRAYS], *scale[HY_MAX_ARRAYS];
static int64_t room; /* elements in each private array */
static int64_t sizes[HY_MAX_SIZES], lengths[HY_MAX_ARRAYS];
static uint64_t offsets[HY_MAX_ARRAYS];
static uint64_t probe_values[HY_MAX_ARRAYS][PROBES];
static int64_t probe_at[HY_MAX_ARRAYS][PROBES];

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int alive(struct runner *r);

/* Of all threads of the process together; -1 if it is gone. */
static int64_t cpu_ns_of(const struct runner *r)
{
    struct timespec t;
    const clockid_t id = (clockid_t)((~(unsigned)r->pid << 3) | 2);
    return clock_gettime(id, &t) ? -1 : (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* How long it ran although it was frozen: a candidate may arrange to be continued. */
static int64_t awake_ns(const struct runner *r)
{
    if (!r->pid || r->frozen_cpu_ns < 0) return 0;
    const int64_t ran = cpu_ns_of(r) - r->frozen_cpu_ns;
    return ran > AWAKE_NS ? ran : 0;
}

static _Noreturn void fail(const char *who, const char *format, ...)
{
    /* What befalls the yardstick while the candidate runs beside it is the candidate's doing. */
    const int64_t awake = who == yardstick.name ? awake_ns(&candidate) : 0;
    va_list list;
    va_start(list, format);
    if (awake) printf("fail %s awake %lld", candidate.name, (long long)awake);
    else {
        printf("fail %s ", who);
        vprintf(format, list);
    }
    printf("\n");
    va_end(list);
    /* A runner with real-time priority that won't end its call would keep those from their core who are to kill it:
       fifteen seconds were seen. One that has died is waited for elsewhere. */
    if (candidate.pid && alive(&candidate)) kill(candidate.pid, SIGSTOP);
    if (yardstick.pid && alive(&yardstick)) kill(yardstick.pid, SIGSTOP);
    fflush(stdout);
    exit(0);
}

static void futex_wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0); }

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &slice, NULL, 0);
}

static char state_of(struct runner *r) /* R, S, T, Z ...; 0 if it is gone */
{
    char text[512];
    ssize_t n = pread(r->stat_fd, text, sizeof text - 1, 0);
    if (n <= 0) return 0;
    text[n] = 0;
    char *after = strrchr(text, ')');
    return after && after[1] ? after[2] : 0;
}

static int alive(struct runner *r)
{
    char s = state_of(r);
    return s && s != 'Z' && s != 'X';
}

static int64_t delay_of(struct runner *r)
{
    char text[128];
    ssize_t n = pread(r->schedstat_fd, text, sizeof text - 1, 0);
    if (n <= 0) return 0;
    text[n] = 0;
    long long run = 0, wait = 0;
    return sscanf(text, "%lld %lld", &run, &wait) == 2 ? wait : 0;
}

/* A limit on the clock's patience that does not count while the machine, and the clock with it, stood still. */
struct patience {
    int64_t start, last, cpu_ns;
};

static struct patience begin(const struct runner *r)
{
    const int64_t now = now_ns();
    return (struct patience){now, now, cpu_ns_of(r)};
}

static int64_t waited_ns(struct patience *p)
{
    const int64_t now = now_ns();
    if (now - p->last > STALL_NS) p->start += now - p->last;
    p->last = now;
    return now - p->start;
}

static int64_t own_bytes(const struct runner *r) /* memory of its own that is resident */
{
    char text[128];
    ssize_t n = pread(r->statm_fd, text, sizeof text - 1, 0);
    if (n <= 0) return 0;
    text[n] = 0;
    long long size = 0, resident = 0, shared = 0;
    if (sscanf(text, "%lld %lld %lld", &size, &resident, &shared) != 3) return 0;
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

/* A runner that wants its core and gets next to nothing of it is held up by the machine, not by its code; unless
   it is its own hunger for memory that the machine is busy with. */
static void blame(struct runner *r, const struct patience *p)
{
    const char s = state_of(r);
    const int64_t used = cpu_ns_of(r) - p->cpu_ns, waited = p->last - p->start;
    if ((s == 'R' || s == 'D') && used * 10 < waited && own_bytes(r) < HUNGRY_BYTES)
        fail("host", "starved %s %lld %lld", r->name, (long long)used, (long long)waited);
}

static void freeze(struct runner *r)
{
    kill(r->pid, SIGSTOP);
    for (struct patience p = begin(r);; sched_yield()) {
        char s = state_of(r);
        if (s == 'T' || s == 't') break;
        if (!s || s == 'Z' || s == 'X') fail(r->name, "died");
        if (waited_ns(&p) > READY_NS) {
            blame(r, &p);
            fail(r->name, "unfreezable %lld", (long long)READY_NS);
        }
    }
    /* Stopped is said a moment before it is off its core, and by one of its threads. */
    int64_t ran = cpu_ns_of(r), again;
    for (const int64_t start = now_ns(); (again = cpu_ns_of(r)) != ran && now_ns() - start < STALL_NS;) ran = again;
    r->frozen_cpu_ns = ran;
}

/* Once or twice is the hypervisor's doing: a core that is taken away on the way to the stop counts as used, for as long
   as it is away. Who gains by it does it call after call. */
static void notice_awake(struct runner *r)
{
    const int64_t awake = awake_ns(r);
    if (!awake) return;
    r->frozen_cpu_ns = cpu_ns_of(r);
    if (++r->awakenings >= AWAKENINGS) fail(r->name, "awake %lld", (long long)awake);
}

/* Wake, wait for ready, go, sleep until done. Does not freeze: the caller looks at the secret positions first. */
static struct call run(struct runner *r, uint32_t command, uint32_t function, int64_t iterations, int64_t timeout_ns)
{
    struct hy_control *c = r->control;
    struct call result = {0};
    notice_awake(r);
    r->frozen_cpu_ns = -1;
    const int64_t delayed = delay_of(r);
    const uint32_t turn = ++r->turn;
    struct patience p = begin(r);
    const int64_t woken = now_ns();
    atomic_store(&c->turn, turn);
    kill(r->pid, SIGCONT);
    futex_wake(&c->turn);
    /* Yielding matters with a core of its own, too: two clocks of the same real-time priority on one core would
       otherwise wait for each other's runners for ever. */
    for (int looks = 0; atomic_load_explicit(&c->ready, memory_order_acquire) != turn; looks++) {
        sched_yield();
        if (looks % 1024 == 1023) {
            if (!alive(r)) fail(r->name, "died");
            if (waited_ns(&p) > READY_NS) {
                blame(r, &p);
                fail(r->name, "not_ready %lld", (long long)READY_NS);
            }
        }
    }
    c->command = command;
    c->function = function;
    c->peak_iterations = iterations;
    memcpy(c->sizes, sizes, sizeof sizes);
    memcpy(c->offsets, offsets, sizeof offsets);
    p = begin(r);
    result.thaw_ns = now_ns() - woken;
    result.delay_ns = -delay_of(r); /* the end is added by the caller, once it has looked at the output */
    result.thaw_delay_ns = -result.delay_ns - delayed;
    const int64_t start = now_ns();
    atomic_store_explicit(&c->go, turn, memory_order_release);
    uint32_t seen;
    while ((seen = atomic_load(&c->done)) != turn) {
        futex_wait(&c->done, seen);
        if (atomic_load(&c->done) == turn) break;
        if (!alive(r)) fail(r->name, "died");
        if (waited_ns(&p) > timeout_ns) {
            blame(r, &p);
            fail(r->name, "timeout %lld", (long long)timeout_ns);
        }
    }
    result.ns = now_ns() - start;
    return result;
}

static double *output(int i) { return (double *)(outputs.base + offsets[HY_INPUTS + i]); }

static void wipe(uint64_t sentinel)
{
    for (int i = 0; i < HY_OUTPUTS; i++) {
        uint64_t *start = (uint64_t *)((char *)output(i) - GUARD);
        const int64_t n = lengths[HY_INPUTS + i] + 2 * GUARD / 8;
        for (int64_t k = 0; k < n; k++) start[k] = sentinel;
    }
}

/* Addresses vary from call to call; arrays keep to a cache line. The same for both runners of a pair. */
static void place(uint64_t seed)
{
    uint64_t at = 0;
    for (int i = 0; i < HY_INPUTS; i++) {
        at += 64 * (mix(seed + 77 + (uint64_t)i) % 64);
        offsets[i] = at;
        at += ((uint64_t)lengths[i] * 8 + 63) & ~63ULL;
    }
    if (at > inputs.bytes) fail("clock", "inputs %llu", (unsigned long long)at);
    at = 0;
    for (int i = 0; i < HY_OUTPUTS; i++) {
        at += GUARD + 64 * (mix(seed + 99 + (uint64_t)i) % 64);
        offsets[HY_INPUTS + i] = at;
        at += (((uint64_t)lengths[HY_INPUTS + i] * 8 + 63) & ~63ULL) + GUARD;
    }
    if (at > outputs.bytes) fail("clock", "outputs %llu", (unsigned long long)at);
}

static void write_inputs(void)
{
    for (int i = 0; i < HY_INPUTS; i++) memcpy(inputs.base + offsets[i], master[i], (size_t)lengths[i] * 8);
}

/* One checked call: fresh inputs, wiped output, the call, secret positions, freeze, everything compared. */
static struct call checked_call(struct runner *r, uint32_t function, uint64_t seed, int64_t timeout_ns, double **keep)
{
    const uint64_t sentinel = 0x7ff4000000000001ULL | (mix(mix(seed) ^ secret) & 0x0003fffffffffffeULL);
    write_inputs();
    wipe(sentinel);
    for (int i = 0; i < HY_OUTPUTS; i++)
        for (int p = 0; p < PROBES; p++) {
            const int64_t n = lengths[HY_INPUTS + i];
            probe_at[i][p] = p == 0 ? n - 1 : (int64_t)(mix(mix(seed + 1 + (uint64_t)p) ^ secret) % (uint64_t)n);
        }
    struct call result = run(r, HY_CALL, function, 0, timeout_ns);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const volatile uint64_t *values = (const volatile uint64_t *)output(i);
        for (int p = 0; p < PROBES; p++) probe_values[i][p] = values[probe_at[i][p]];
    }
    result.delay_ns += delay_of(r);
    freeze(r);
    struct runner *other = r == &candidate ? &yardstick : &candidate;
    notice_awake(other);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const uint64_t *values = (const uint64_t *)output(i);
        const int64_t n = lengths[HY_INPUTS + i];
        for (int p = 0; p < PROBES; p++)
            if (values[probe_at[i][p]] != probe_values[i][p]) fail(r->name, "late %lld", (long long)probe_at[i][p]);
        const uint64_t *low = (const uint64_t *)((const char *)values - GUARD), *high = values + n;
        int64_t outside = 0, unwritten = 0;
        for (int k = 0; k < GUARD / 8; k++) outside += (low[k] != sentinel) + (high[k] != sentinel);
        if (outside) fail(r->name, "outside %lld", (long long)outside);
        uint64_t *restrict kept_values = (uint64_t *)keep[i]; /* what is looked at is what is kept: read once */
        for (int64_t k = 0; k < n; k++) {
            kept_values[k] = values[k];
            unwritten += kept_values[k] == sentinel;
        }
        if (unwritten) fail(r->name, "unwritten %lld %lld", (long long)unwritten, (long long)n);
    }
    return result;
}

static void must_hold(const char *who, const struct error *e)
{
    if (e->array >= 0)
        fail(who, "wrong %lld %lld %lld %.17g %.17g %.17g", (long long)e->bad, (long long)e->total, (long long)e->at,
             e->got, e->want, e->bound);
}

static struct error compare_all(double **got, double **want, double gamma, int exactly)
{
    struct error found = NO_ERROR;
    for (int i = 0; i < HY_OUTPUTS; i++)
        compare(&found, i, lengths[HY_INPUTS + i], got[i], want[i], scale[i], gamma, exactly);
    return found;
}

static void *map(int fd, size_t *bytes, int seals)
{
    struct stat info;
    if (fstat(fd, &info)) fail("clock", "fstat %d", errno);
    *bytes = (size_t)info.st_size;
    void *base = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) fail("clock", "mmap %d", errno);
    if (fcntl(fd, F_ADD_SEALS, seals)) fail("clock", "seal %d", errno);
    return base;
}

static int open_proc(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static const char *raise_priority(pid_t pid, int level)
{
    struct sched_param parameter = {.sched_priority = level};
    if (!shares_core && sched_setscheduler(pid, SCHED_FIFO, &parameter) == 0) return "fifo";
    if (setpriority(PRIO_PROCESS, (id_t)pid, -20) == 0) return "nice";
    return "none";
}

static void adopt(struct runner *r, pid_t pid, const cpu_set_t *cores)
{
    r->pid = pid;
    r->stat_fd = open_proc(pid, "stat");
    r->schedstat_fd = open_proc(pid, "schedstat");
    r->statm_fd = open_proc(pid, "statm");
    if (r->stat_fd < 0) fail(r->name, "died");
    sched_setaffinity(pid, sizeof *cores, cores);
}

static void load(struct runner *r)
{
    struct hy_control *c = r->control;
    r->turn = 1;
    atomic_store(&c->turn, 1);
    futex_wake(&c->turn);
    for (struct patience p = begin(r); atomic_load(&c->done) != 1;) {
        futex_wait(&c->done, 0);
        if (atomic_load(&c->state) == HY_LOAD_FAILED) {
            char why[sizeof c->error] = {0}; /* a copy: the page is the candidate's, and it may still write */
            memcpy(why, c->error, sizeof why - 1);
            for (char *s = why; *s; s++)
                if (*s < ' ') *s = ' ';
            fail(r->name, "unloadable %s", why);
        }
        if (atomic_load(&c->done) == 1) break;
        if (!alive(r)) fail(r->name, "died");
        if (waited_ns(&p) > READY_NS) {
            blame(r, &p);
            fail(r->name, "load_timeout %lld", (long long)READY_NS);
        }
    }
    freeze(r);
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
    if (strcmp(priority, other)) priority = "none";
    load(&yardstick);
    load(&candidate);
    printf("loaded %s\n", priority);
}

static void verify(void)
{
    const uint64_t seed = (uint64_t)next();
    const int distribution = (int)next(), bits = (int)next();
    const double factor = next_double(), gamma = next_double();
    const int64_t timeout_ns = next();
    read_shape();
    for (int i = 0; i < HY_INPUTS; i++) fill(master[i], lengths[i], seed + (uint64_t)i * 7919, distribution, bits, factor);
    place(seed);
    const struct call c = checked_call(&candidate, 0, seed, timeout_ns, kept[0]);
    hy_exact(sizes, (const double *const *)master, exact, scale);
    const struct error error = compare_all(kept[0], exact, gamma, distribution == 2);
    must_hold("candidate", &error);
    printf("verified %lld %.6g\n", (long long)c.ns, error.worst);
}

static void pair(void)
{
    const uint64_t seed = (uint64_t)next();
    const int distribution = (int)next(), candidate_first = (int)next();
    const uint32_t function = (uint32_t)next();
    const double gamma = next_double();
    const int64_t timeout_ns = next();
    read_shape();
    for (int i = 0; i < HY_INPUTS; i++) fill(master[i], lengths[i], seed + (uint64_t)i * 7919, distribution, 20, 1.0);
    place(seed);
    hy_scale(sizes, (const double *const *)master, scale);
    struct call c, y;
    if (candidate_first) c = checked_call(&candidate, 0, seed, timeout_ns, kept[0]);
    y = checked_call(&yardstick, function, seed + 1, timeout_ns, kept[1]);
    if (!candidate_first) c = checked_call(&candidate, 0, seed + 2, timeout_ns, kept[0]);
    /* Two computed results: each within gamma * scale of the exact one. Where they disagree the oracle decides who
       is wrong, for the opponent may be a rival that would rather be wrong than beaten. */
    const struct error error = compare_all(kept[0], kept[1], 2 * gamma, 0);
    if (error.array >= 0) {
        hy_exact(sizes, (const double *const *)master, exact, scale);
        const struct error mine = compare_all(kept[0], exact, gamma, 0), its = compare_all(kept[1], exact, gamma, 0);
        must_hold("candidate", &mine);
        must_hold("yardstick", &its);
        must_hold("candidate", &error);
    }
    printf("pair %lld %lld %lld %lld %lld %lld %lld %lld %.6g\n", (long long)c.ns, (long long)y.ns,
           (long long)c.delay_ns, (long long)y.delay_ns, (long long)c.thaw_ns, (long long)y.thaw_ns,
           (long long)c.thaw_delay_ns, (long long)y.thaw_delay_ns, error.worst);
}

static void peak(void)
{
    const uint32_t function = (uint32_t)next();
    const int64_t iterations = next();
    const struct call c = run(&yardstick, HY_PEAK, function, iterations, 10000000000LL);
    freeze(&yardstick);
    printf("peak %lld\n", (long long)c.ns);
}

/* All pages now, while Python starts the sandboxes: a first touch costs more than the writing. A kernel that can't do
   it at once (before 5.14) leaves them to the first fill, outside any timed call. */
static void populate(void *base, size_t bytes) { (void)!madvise(base, bytes, MADV_POPULATE_WRITE); }

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
    if (argc != 8) return 2;
    size_t bytes;
    const int fixed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(atoi(argv[5]), &core);
    sched_setaffinity(0, sizeof core, &core);
    shares_core = atoi(argv[6]);
    if (getrandom(&secret, sizeof secret, 0) != sizeof secret) fail("clock", "getrandom %d", errno);
    inputs.base = map(atoi(argv[1]), &inputs.bytes, fixed | F_SEAL_FUTURE_WRITE);
    outputs.base = map(atoi(argv[2]), &outputs.bytes, fixed);
    candidate.control = map(atoi(argv[3]), &bytes, fixed);
    yardstick.control = map(atoi(argv[4]), &bytes, fixed);
    room = atoll(argv[7]);
    printf("sealed\n");
    fflush(stdout);
    populate(inputs.base, inputs.bytes);
    populate(outputs.base, outputs.bytes);
    make_arrays();
    for (char line[1024]; fgets(line, sizeof line, stdin); fflush(stdout)) {
        const char *word = strtok(line, " \n");
        if (!word) continue;
        if (!strcmp(word, "runners")) runners();
        else if (!strcmp(word, "verify")) verify();
        else if (!strcmp(word, "pair")) pair();
        else if (!strcmp(word, "peak")) peak();
        else fail("clock", "command");
    }
    return 0;
}
