/* The clock: the process that no candidate can reach, the same program for every task.

   Theory of operation. Three processes of the sandbox do the work. Two are *runners*: one holds the candidate, the other
   its opponents (yardsticks, or a rival). Each sees the inputs, which it can't write, and an output region of its own; it
   stands still (SIGSTOP) but during its own calls. The third is the *examiner*, which holds the task's own code (oracle,
   generator) and works only between calls, on the clock's core. The clock draws every argument from a secret key, tells a
   runner addresses and sizes when it is awake and waits for the start, and takes the time from outside. Then it looks:
   is the output what it was when the runner said that it was done, is all around it untouched, is every element written,
   and right? In a *pair* candidate and opponent are called on the same inputs, one after the other in an order that is
   drawn, and the time of either is a share of nothing but itself. What to measure, and what follows from it, is decided
   in Python (hayate/judge/session.py): the clock obeys one command a line on stdin and answers with one line on stdout.

   usage: clock INPUTS CANDIDATE_OUTPUT YARDSTICK_OUTPUT EXPECTED CANDIDATE_CONTROL YARDSTICK_CONTROL EXAMINER_CONTROL
          CLOCK_CORE SHARES_CORE LONGEST SCALE SAMPLES NATIVE AUTOMATIC DTYPE:ROLE:EXACTLY...
   The first seven are descriptors. LONGEST: bytes of the longest array that will be asked for. Then what the examiner is
   able to do (struct abilities), and one word for each array. It says `sealed` when other processes may be started.
     key WORDS...                                      eight of 32 bits, what inputs and positions are drawn with
     runners CANDIDATE_PID YARDSTICK_PID EXAMINER_PID CORES...   affinity and priority, then load;  -> loaded PRIORITY
     verify CALL FIRST FUNCTION GAMMA TIMEOUT_NS EXACTLY COUNT VALUES... ARRAYS...
     pair   the same; `verify` has no use for FIRST and FUNCTION
     peak FUNCTION ITERATIONS
   CALL is a number that no other call of the launch has. A value is i or d and a number, as the union hy_value. An array
   is DIMENSIONS SHAPE... EXTENT..., then KIND A B C (struct filling) if it has values before the call, then REACH if it is
   written. An answer `fail WHO WHAT NUMBERS...` ends the launch. */
#define _GNU_SOURCE
#include "check.h"
#include "regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *token(void)
{
    const char *word = strtok(NULL, " \n");
    if (!word) fail("clock", "words");
    return word;
}

static int64_t next(void) { return strtoll(token(), NULL, 10); }

static double next_double(void) { return strtod(token(), NULL); }

static void read_limit(double *real, uint64_t *whole)
{
    const char *word = token();
    *real = strtod(word, NULL);
    *whole = *word == '-' ? (uint64_t)strtoll(word, NULL, 10) : strtoull(word, NULL, 10);
}

static void read_key(void)
{
    for (int i = 0; i < HY_KEY_WORDS; i++) key.word[i] = (uint32_t)next();
    draw_pattern();
    printf("keyed\n");
}

static void runners(cpu_set_t *own)
{
    const pid_t c = (pid_t)next(), y = (pid_t)next(), e = (pid_t)next();
    cpu_set_t cores;
    CPU_ZERO(&cores);
    int n = 0;
    for (const char *word; (word = strtok(NULL, " \n")); n++) CPU_SET(atoi(word), &cores);
    if (!n) fail("clock", "cores");
    adopt(&candidate, c, &cores);
    adopt(&yardstick, y, &cores);
    adopt(&examiner, e, own);
    const char *priority = raise_priority(c, 10);
    const char *other = raise_priority(y, 10);
    raise_priority(e, 15); /* below the clock's own: they share a core, and one that does not end must be noticed */
    raise_priority(0, 20);
    forbid_priority(c);
    forbid_priority(y);
    forbid_priority(e);
    if (strcmp(priority, other)) priority = "none";
    load_examiner();
    load(&yardstick);
    load(&candidate);
    printf("loaded %s\n", priority);
}

static void read_array(int i)
{
    struct array *a = &arrays[i];
    int64_t shape[HY_MAX_DIMENSIONS], extent[HY_MAX_DIMENSIONS];
    const int64_t dimensions = next();
    if (dimensions < 1 || dimensions > HY_MAX_DIMENSIONS) fail("clock", "dimensions %lld", (long long)dimensions);
    for (int d = 0; d < dimensions; d++) shape[d] = next();
    for (int d = 0; d < dimensions; d++) extent[d] = next();
    shape_array(a, (int)dimensions, shape, extent);
    if (given(a)) {
        asked.fillings[i].kind = (enum hy_values)next();
        read_limit(&asked.fillings[i].a, &asked.fillings[i].low);
        read_limit(&asked.fillings[i].b, &asked.fillings[i].high);
        asked.fillings[i].c = (int)next();
    }
    asked.reach[i] = written(a) ? next_double() : 0;
}

static void read_request(void)
{
    asked.call = (uint64_t)next();
    asked.candidate_first = (int)next();
    asked.function = (uint32_t)next();
    asked.gamma = next_double();
    asked.timeout_ns = next();
    asked.exactly = (int)next();
    const int64_t count = next();
    if (count < 0 || count > HY_MAX_VALUES) fail("clock", "values %lld", (long long)count);
    for (int i = 0; i < count; i++) {
        const char *word = token();
        if (*word == 'd') asked.values[i].d = strtod(word + 1, NULL);
        else if (*word == 'u') asked.values[i].i = (int64_t)strtoull(word + 1, NULL, 10);
        else asked.values[i].i = strtoll(word + 1, NULL, 10);
    }
    for (int i = 0; i < array_count; i++) read_array(i);
}

static void say_verified(void)
{
    read_request();
    const struct verified v = verify();
    printf("verified %lld %lld %.6g %lld %lld %lld %lld", (long long)v.call.ns,
           (long long)(v.call.thaw_ns + v.call.halt_ns), v.error.worst, (long long)v.error.skipped,
           (long long)v.error.seen, (long long)v.near_branches, (long long)v.examined_ns);
    for (int i = 0; i < array_count; i++)
        if (written(&arrays[i])) printf(" %.6g", v.reach[i]);
    printf("\n");
}

static void say_pair(void)
{
    read_request();
    const struct pair p = pair();
    const struct call *both[2] = {&p.candidate, &p.yardstick};
    printf("pair");
    for (int i = 0; i < 2; i++)
        printf(" %lld %lld %lld %lld %lld %lld", (long long)both[i]->ns, (long long)both[i]->delay_ns,
               (long long)both[i]->thaw_ns, (long long)both[i]->thaw_delay_ns, (long long)both[i]->halt_ns,
               (long long)both[i]->cpu_ns);
    printf(" %.6g %d\n", p.error.worst, p.examined);
}

int main(int argc, char **argv)
{
    enum { FIXED_WORDS = 15 };
    if (argc <= FIXED_WORDS) return 2;
    int fds[7];
    for (int i = 0; i < 7; i++) fds[i] = atoi(argv[1 + i]);
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(atoi(argv[8]), &core);
    sched_setaffinity(0, sizeof core, &core);
    shares_core = atoi(argv[9]);
    able = (struct abilities){atoi(argv[11]), atoi(argv[12]), atoi(argv[13]), atoi(argv[14])};
    for (int i = FIXED_WORDS; i < argc; i++) {
        int dtype, role, exactly;
        if (sscanf(argv[i], "%d:%d:%d", &dtype, &role, &exactly) != 3) return 2;
        describe(dtype, role, exactly);
    }
    map_regions(fds);
    candidate.control = map_control(fds[4]);
    yardstick.control = map_control(fds[5]);
    examiner.control = map_control(fds[6]);
    printf("sealed\n");
    fflush(stdout);
    populate(inputs.base, inputs.bytes);
    /* Which region gets its pages first is chance: pages that are given out together lie better than later ones. */
    const int first = getpid() & 1;
    for (int i = 0; i < 2; i++) populate(outputs[i ^ first].base, outputs[i ^ first].bytes);
    populate(expected.base, expected.bytes);
    make_arrays(atoll(argv[10]));
    static char line[16384];
    for (; fgets(line, sizeof line, stdin); fflush(stdout)) {
        const char *word = strtok(line, " \n");
        if (!word) continue;
        if (!strcmp(word, "key")) read_key();
        else if (!strcmp(word, "runners")) runners(&core);
        else if (!strcmp(word, "verify")) say_verified();
        else if (!strcmp(word, "pair")) say_pair();
        else if (!strcmp(word, "peak")) {
            const uint32_t function = (uint32_t)next();
            printf("peak %lld\n", (long long)peak(function, next()));
        } else fail("clock", "command");
    }
    return 0;
}
