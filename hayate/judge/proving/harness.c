/* Calls a solution, or a task's own code (oracle, generator), outside the judge: one request after another from standard
   input, in raw bytes (struct request, then each array that holds values), answers in raw bytes on standard output.
   glue.c is the judge's own, and so is examine.c, which is linked in where OWN_CODE is defined. Arrays begin `offset`
   elements into blocks that end with them, so that a sanitizer sees the first byte behind. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glue.h"

struct request { /* struct of harness.py */
    int64_t command, offset, garbage; /* garbage: the byte that is everywhere before */
    uint64_t seed;
    union hy_value values[HY_MAX_VALUES];
    int64_t bytes[HY_MAX_ARRAYS], item[HY_MAX_ARRAYS], given[HY_MAX_ARRAYS];
    int64_t want[HY_MAX_ARRAYS], bound[HY_MAX_ARRAYS]; /* bytes */
};

/* A leak of some bytes is no error of a kernel, and looking for leaks needs rights that a sandbox withholds; so does
   reading options from the environment. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0:abort_on_error=0:symbolize=0:max_allocation_size_mb=4096"; }

#ifndef OWN_CODE
extern void ENTRY(void);
#endif

static void *made(int64_t bytes, int64_t before, int garbage)
{
    char *block = malloc((size_t)(bytes + before ? bytes + before : 1));
    if (!block) exit(3);
    memset(block, garbage, (size_t)(bytes + before));
    return block + before;
}

static FILE *answers;

static void put(const void *from, int64_t bytes)
{
    if (bytes && fwrite(from, (size_t)bytes, 1, answers) != 1) exit(3);
}

int main(void)
{
    static struct request r;
    static struct hy_control control;
    answers = fdopen(dup(1), "w");
    if (!answers || dup2(2, 1) < 0) return 3; /* what is printed goes elsewhere */
    while (fread(&r, sizeof r, 1, stdin) == 1) {
        void *array[HY_MAX_ARRAYS];
        double *want[HY_MAX_ARRAYS], *bound[HY_MAX_ARRAYS];
        for (int i = 0; i < hy_arrays; i++) {
            array[i] = made(r.bytes[i], r.offset * r.item[i], (int)r.garbage);
            want[i] = made(r.want[i], 0, (int)r.garbage);
            bound[i] = made(r.bound[i], 0, (int)r.garbage);
            if (r.given[i] && r.bytes[i] && fread(array[i], (size_t)r.bytes[i], 1, stdin) != 1) return 3;
            control.bytes[i] = (uint64_t)r.bytes[i];
        }
        int64_t answer = 0;
#ifdef OWN_CODE
        control.command = (uint32_t)r.command;
        control.seed = r.seed;
        memcpy(control.values, r.values, sizeof r.values);
        answer = hy_examine(&control, array, want, bound);
#else
        hy_call((void *)ENTRY, r.values, array);
#endif
        put(&answer, sizeof answer);
        for (int i = 0; i < hy_arrays; i++) {
            put(array[i], r.bytes[i]);
            put(want[i], r.want[i]);
            put(bound[i], r.bound[i]);
            free((char *)array[i] - r.offset * r.item[i]);
            free(want[i]);
            free(bound[i]);
        }
        if (fflush(answers)) return 3;
    }
    return 0;
}
