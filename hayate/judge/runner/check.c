#define _GNU_SOURCE
#include "check.h"

#include "elements.h"
#include "regions.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

enum { PROBES = 64, KEPT_PROBES = 1024, LONGEST_ITEM = 16 };
/* What the oracle can afford by its own account takes far less than a second. Where it decides who of two is wrong, the
   shape may be any. */
/* Near a branch the oracle can't tell who is right: two results may differ in one of so many elements. */
enum { FEW = 100 };
static const double WIDEST_REACH = 0.01;
static const int64_t EXAMINED_NS = 20000000000LL, DECIDED_NS = 60000000000LL;

struct request asked;
struct abilities able;
static void *master[HY_MAX_ARRAYS], *kept[2][HY_MAX_ARRAYS];
static int64_t room; /* bytes in each private array */
static char probe_values[HY_MAX_ARRAYS][PROBES][LONGEST_ITEM];
static int64_t probe_at[HY_MAX_ARRAYS][PROBES];
static uint64_t sentinels[HY_MAX_ARRAYS];
static struct {
    uint32_t command, function;
    int64_t iterations;
} order;

static void announce(struct hy_control *c)
{
    c->command = order.command;
    c->function = order.function;
    c->peak_iterations = order.iterations;
    memcpy(c->values, asked.values, sizeof asked.values);
    memcpy(c->offsets, offsets, sizeof offsets);
}

static void *reserve(int64_t bytes)
{
    void *base = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) fail("clock", "mmap %d", errno);
    populate(base, (size_t)bytes);
    return base;
}

void make_arrays(int64_t bytes)
{
    room = (bytes + 63) & ~63LL;
    for (int i = 0; i < array_count; i++) {
        if (given(&arrays[i])) master[i] = reserve(room);
        if (written(&arrays[i]))
            for (int which = 0; which < 2; which++) kept[which][i] = reserve(room);
    }
}

/* -- looks at what was written */

struct look {
    const struct runner *runner;
    const char *values, *was;
    uint64_t sentinel;
    int64_t count;
};

static void count_unwritten(const struct array *a, int64_t first, int64_t count, void *with)
{
    struct look *look = with;
    struct array part = *a;
    part.length = count;
    look->count += count_sentinels(&part, look->values + (size_t)first * a->item, look->sentinel);
}

static void count_changed(const struct array *a, int64_t first, int64_t count, void *with)
{
    struct look *look = with;
    const size_t at = (size_t)first * a->item, bytes = (size_t)count * a->item;
    if (look->was) {
        look->count += memcmp(look->values + at, look->was + at, bytes) != 0;
        return;
    }
    struct array part = *a;
    part.length = count;
    if (floating(a)) look->count += count * parts(a) - count_sentinels(&part, look->values + at, look->sentinel);
    else
        for (size_t k = 0; k < bytes; k++)
            look->count += look->values[at + k] != ((const char *)&look->sentinel)[(at + k) % 8];
}

/* -- the examiner */

static void examine(enum hy_command command, int64_t timeout_ns)
{
    struct hy_control *c = examiner.control;
    c->command = command;
    memcpy(c->values, asked.values, sizeof asked.values);
    memcpy(c->offsets, command == HY_GENERATE ? generated_at : initial, sizeof c->offsets);
    /* Afresh each time: the examiner may write there. */
    for (int i = 0; i < array_count && command != HY_GENERATE; i++)
        if (arrays[i].role == HY_INOUT) memcpy(expected.base + initial[i], master[i], bytes_of(&arrays[i]));
    memcpy(c->want, want_at, sizeof want_at);
    memcpy(c->bound, bound_at, sizeof bound_at);
    for (int i = 0; i < array_count; i++) c->bytes[i] = bytes_of(&arrays[i]);
    c->answer = 0;
    consult(timeout_ns);
    if (c->answer < 0) fail(examiner.name, "refused %lld", (long long)c->answer);
}

static const double *doubles_at(uint64_t offset) { return (const double *)(expected.base + offset); }

static int which_of(const struct runner *r) { return r == &candidate ? 0 : 1; }

static void write_inputs(void)
{
    for (int i = 0; i < array_count; i++)
        if (!written(&arrays[i])) memcpy(inputs.base + initial[i], master[i], bytes_of(&arrays[i]));
}

/* By the task's own generator. It finds what the clock has drawn in the other arrays, and garbage in its own: what it
   leaves there would be the results of an earlier call. */
static void generate(void)
{
    struct hy_stream seeds = hy_stream_of(&key, asked.call, HY_SEED);
    examiner.control->seed = hy_word(&seeds);
    uint64_t garbage[HY_MAX_ARRAYS];
    for (int i = 0; i < array_count; i++) {
        const struct array *a = &arrays[i];
        if (!given(a)) continue;
        void *to = expected.base + generated_at[i];
        garbage[i] = sentinel_of(a, hy_word(&seeds));
        if (asked.fillings[i].kind == HY_GENERATED) fill_sentinel(a, to, garbage[i]);
        else memcpy(to, master[i], bytes_of(a));
    }
    examiner.name = "generator";
    examine(HY_GENERATE, EXAMINED_NS);
    for (int i = 0; i < array_count; i++) {
        const struct array *a = &arrays[i];
        if (!given(a) || asked.fillings[i].kind != HY_GENERATED) continue;
        memcpy(master[i], expected.base + generated_at[i], bytes_of(a));
        struct look look = {.values = master[i], .sentinel = garbage[i]};
        each_stretch(a, floating(a) ? count_unwritten : count_changed, &look);
        /* An integer may have any value, but those of many bytes are not all garbage by chance. */
        const int left = floating(a) ? look.count > 0 : bytes_of(a) >= 8 && inner_length(a) && look.count == 0;
        if (left) fail(examiner.name, "ungenerated %d", i);
        spoil_padding(a, master[i]);
    }
    examiner.name = "examiner";
}

void prepare(void)
{
    int generated = 0;
    for (int i = 0; i < array_count; i++) {
        if ((int64_t)bytes_of(&arrays[i]) > room) fail("clock", "room %lld", (long long)bytes_of(&arrays[i]));
        if (!given(&arrays[i])) continue;
        const struct filling *what = &asked.fillings[i];
        generated |= what->kind == HY_GENERATED;
        const int of = what->kind == HY_COLUMNS && what->c >= 0 && what->c < i ? what->c : -1;
        fill(&arrays[i], master[i], what, &key, asked.call, i, of < 0 ? NULL : &arrays[of], of < 0 ? NULL : master[of]);
    }
    place(asked.call);
    if (!generated) return;
    generate();
}

/* -- one call of a runner */

static const char *element(int which, int i, int64_t at) { return (const char *)output(which, i) + (size_t)at * arrays[i].item; }

/* Fresh inputs, wiped output, the call, secret positions, freeze, everything looked at; of a `paired` one, whose time may
   count, the whole region. The output is kept in `kept[which]`. */
static struct call checked_call(struct runner *r, uint32_t function, uint64_t call, int paired)
{
    const int which = which_of(r);
    struct hy_stream positions = hy_stream_of(&key, call, HY_POSITIONS);
    write_inputs();
    wipe(which, call, master, sentinels);
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        const int64_t n = arrays[i].length;
        for (int p = 0; p < PROBES && n; p++)
            probe_at[i][p] = p == 0 ? n - 1 : (int64_t)hy_below(&positions, (uint64_t)n);
    }
    order.command = HY_CALL;
    order.function = function;
    struct call result = run(r, announce, asked.timeout_ns);
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        const size_t item = arrays[i].item;
        for (int p = 0; p < PROBES && arrays[i].length; p++) memcpy(probe_values[i][p], element(which, i, probe_at[i][p]), item);
    }
    freeze(r, &result);
    notice_awake(r == &candidate ? &yardstick : &candidate);
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        const size_t item = arrays[i].item;
        for (int p = 0; p < PROBES && arrays[i].length; p++)
            if (memcmp(probe_values[i][p], element(which, i, probe_at[i][p]), item))
                fail(r->name, "late %lld", (long long)probe_at[i][p]);
    }
    const int64_t outside = touched_outside(which, call, paired);
    if (outside) fail(r->name, "outside %lld", (long long)outside);
    for (int i = 0; i < array_count; i++) {
        const struct array *a = &arrays[i];
        if (!written(a)) continue;
        memcpy(kept[which][i], output(which, i), bytes_of(a)); /* what is looked at is what is kept: read once */
        struct look gaps = {.values = kept[which][i], .was = a->role == HY_INOUT ? master[i] : NULL, .sentinel = sentinels[i]};
        each_gap(a, count_changed, &gaps);
        if (gaps.count) fail(r->name, "padding %d", i);
        if (a->role == HY_INOUT || !floating(a)) continue;
        struct look look = {.values = kept[which][i], .sentinel = sentinels[i]};
        each_stretch(a, count_unwritten, &look);
        if (look.count) fail(r->name, "unwritten %lld %lld", (long long)look.count, (long long)(a->length * parts(a)));
    }
    return result;
}

/* While the other's call ran, this one stood still: nobody else can write to its region. */
static void must_be_unchanged(struct runner *r, uint64_t call)
{
    const int which = which_of(r);
    struct hy_stream positions = hy_stream_of(&key, call, HY_KEPT);
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i]) || !arrays[i].length) continue;
        const size_t item = arrays[i].item;
        for (int p = 0; p < KEPT_PROBES; p++) {
            const uint64_t at = hy_below(&positions, (uint64_t)arrays[i].length);
            if (memcmp(element(which, i, (int64_t)at), (const char *)kept[which][i] + at * item, item))
                fail(r->name, "late %lld", (long long)at);
        }
    }
}

/* -- what is right */

static void must_hold(const char *who, const struct error *e)
{
    if (e->array < 0) return;
    const char *what = !e->exactly ? "wrong" : asked.exactly && floating(&arrays[e->array]) ? "inexact" : "unequal";
    fail(who, "%s %lld %lld %lld %.17g %.17g %.17g", what, (long long)e->bad, (long long)e->total, (long long)e->at, e->got,
         e->want, e->bound);
}

/* The same against the examiner. Nothing can be held against what is no number. */
static void must_hold_against_exact(const char *who, const struct error *e)
{
    if (e->array >= 0 && !able.native && !(fabs(e->want) < INFINITY && e->bound >= 0))
        fail(examiner.name, "numbers %d %lld %.17g %.17g", e->array, (long long)e->at, e->want, e->bound);
    must_hold(who, e);
}

/* Against the examiner's results, which are there. */
static struct error against_exact(int which)
{
    struct error found = NO_ERROR;
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        const struct expected to = {.want = expected.base + want_at[i],
                                    .native = able.native || (able.automatic && whole_of_64_bits(&arrays[i])),
                                    .scale = doubles_at(bound_at[i]), .gamma = asked.gamma, .exactly = asked.exactly,
                                    .complete = able.automatic, .may_skip = able.automatic};
        compare(&found, i, &arrays[i], kept[which][i], &to);
    }
    return found;
}

/* Two computed results: each within its bound of the exact one. */
static struct error against_each_other(void)
{
    struct error found = NO_ERROR;
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        struct expected to = {.want = kept[1][i], .native = 1, .gamma = 2 * asked.gamma, .exactly = asked.exactly};
        if (able.automatic) to.reach = asked.reach[i] * magnitude_of(&arrays[i], kept[1][i]);
        else to.scale = doubles_at(bound_at[i]);
        compare(&found, i, &arrays[i], kept[0][i], &to);
    }
    return found;
}

/* What the oracle knows little of must be nearly the same in both. Honest results may differ by much, but not launch after
   launch: who judges takes this complaint for a doubt. */
static void must_nearly_agree(void)
{
    for (int i = 0; i < array_count; i++) {
        const struct array *a = &arrays[i];
        if (!written(a)) continue;
        const double reach = asked.reach[i] < 0 || asked.reach[i] > WIDEST_REACH ? WIDEST_REACH : asked.reach[i];
        const struct expected to = {.want = kept[1][i], .native = 1, .reach = reach * magnitude_of(a, kept[1][i]),
                                    .gamma = 2, .any_nan = 1};
        struct error e = NO_ERROR;
        compare(&e, i, a, kept[0][i], &to);
        if (e.array >= 0 && e.bad > e.seen / FEW)
            fail(candidate.name, "apart %lld %lld %lld %.17g %.17g %.17g", (long long)e.bad, (long long)e.seen,
                 (long long)e.at, e.got, e.want, e.bound);
    }
}

/* The oracle decides who is wrong, for the opponent may be a rival that would rather be wrong than beaten. */
static void decide(struct pair *found)
{
    const struct error apart = found->error;
    examine(HY_EXACT, DECIDED_NS);
    found->examined = 1;
    found->error = NO_ERROR;
    if (examiner.control->answer) {
        must_nearly_agree();
        return;
    }
    const struct error mine = against_exact(0), its = against_exact(1);
    must_hold_against_exact(candidate.name, &mine);
    must_hold_against_exact(yardstick.name, &its);
    /* Both are right, whatever the cheap scale says; but it has to be a number. */
    if (apart.array >= 0 && !(apart.bound >= 0)) must_hold_against_exact(candidate.name, &apart);
    if (able.automatic && 2 * mine.skipped > mine.seen) must_nearly_agree();
    found->error.worst = mine.worst;
}

/* Some elements of both outputs against the oracle, which can afford a few at any size: the candidate's worst error. */
static double hold_samples(void)
{
    static double got[HY_SAMPLES];
    struct hy_stream positions = hy_stream_of(&key, asked.call, HY_PICKED);
    struct hy_control *c = examiner.control;
    double worst = 0;
    for (int i = 0; i < array_count; i++) {
        const struct array *a = &arrays[i];
        const int64_t numbers = inner_length(a) * parts(a);
        if (!written(a) || !numbers) continue;
        int64_t at[HY_SAMPLES];
        for (int k = 0; k < HY_SAMPLES; k++) {
            const int64_t number = (int64_t)hy_below(&positions, (uint64_t)numbers);
            at[k] = inner_at(a, number / parts(a)) * parts(a) + number % parts(a);
        }
        memcpy(c->at, at, sizeof at);
        c->array = i;
        c->count = HY_SAMPLES;
        examine(HY_SAMPLE, EXAMINED_NS);
        for (int which = 0; which < 2; which++) {
            struct error error = NO_ERROR;
            for (int k = 0; k < HY_SAMPLES; k++) to_doubles(&got[k], a, kept[which][i], at[k], 1);
            compare_picked(&error, i, a, HY_SAMPLES, got, doubles_at(want_at[i]), doubles_at(bound_at[i]), asked.gamma,
                           asked.exactly);
            if (error.array >= 0) error.at = at[error.at];
            must_hold_against_exact(which ? yardstick.name : candidate.name, &error);
            if (!which && error.worst > worst) worst = error.worst;
        }
    }
    return worst;
}

struct verified verify(void)
{
    prepare();
    struct verified found = {.call = checked_call(&candidate, 0, asked.call, 0), .error = NO_ERROR};
    const int64_t asked_at = now_ns();
    examine(HY_EXACT, EXAMINED_NS);
    found.examined_ns = now_ns() - asked_at;
    found.near_branches = examiner.control->answer;
    if (found.near_branches) return found;
    found.error = against_exact(0);
    must_hold_against_exact(candidate.name, &found.error);
    for (int i = 0; i < array_count && able.automatic; i++)
        if (written(&arrays[i]) && !whole_of_64_bits(&arrays[i]))
            found.reach[i] = reach_of(&arrays[i], doubles_at(want_at[i]), doubles_at(bound_at[i]));
    return found;
}

struct pair pair(void)
{
    prepare();
    struct pair found = {.error = NO_ERROR};
    if (asked.candidate_first) {
        found.candidate = checked_call(&candidate, 0, asked.call, 1);
        found.yardstick = checked_call(&yardstick, asked.function, asked.call + 1, 1);
        must_be_unchanged(&candidate, asked.call);
    } else {
        found.yardstick = checked_call(&yardstick, asked.function, asked.call + 1, 1);
        found.candidate = checked_call(&candidate, 0, asked.call, 1);
        must_be_unchanged(&yardstick, asked.call);
    }
    if (able.scale) examine(HY_SCALE, EXAMINED_NS);
    int unknown = 0;
    for (int i = 0; i < array_count && able.automatic; i++) unknown |= written(&arrays[i]) && asked.reach[i] < 0;
    if (!unknown) found.error = against_each_other();
    if (unknown || found.error.array >= 0) decide(&found);
    if (able.samples) {
        const double worst = hold_samples();
        if (worst > found.error.worst) found.error.worst = worst;
    }
    return found;
}

int64_t peak(uint32_t function, int64_t iterations)
{
    order.command = HY_PEAK;
    order.function = function;
    order.iterations = iterations;
    struct call c = run(&yardstick, announce, 10000000000LL);
    freeze(&yardstick, &c);
    return c.ns;
}
