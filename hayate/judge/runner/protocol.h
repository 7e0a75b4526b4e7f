/* What the clock shares with each process that it drives. Every one has a control page of its own, so that no candidate
   reaches another's. A runner's process belongs to the candidate as soon as its code is loaded: nothing in here is
   believed without a check by the clock. Hot words have cache lines of their own. */
#ifndef HAYATE_PROTOCOL_H
#define HAYATE_PROTOCOL_H
#include <stdint.h>

#define HY_MAX_VALUES 64 /* numbers that are passed by value: sizes, scalars, fields of structs; a complex one is two */
#define HY_MAX_ARRAYS 24
#define HY_SAMPLES 48
#define HY_LINE 64

enum hy_state { HY_NEW = 0, HY_STARTED = 1, HY_LOADED = 2, HY_LOAD_FAILED = 3 };
enum hy_command { HY_LOAD = 1, HY_CALL, HY_PEAK, HY_GENERATE, HY_EXACT, HY_SCALE, HY_SAMPLE };

union hy_value {
    int64_t i; /* of integer types */
    double d;  /* of floating types */
};

struct hy_control {
    _Alignas(HY_LINE) _Atomic uint32_t state; /* runner: hy_state */
    _Alignas(HY_LINE) _Atomic uint32_t turn;  /* clock: next turn; the runner sleeps on it */
    _Alignas(HY_LINE) _Atomic uint32_t ready; /* runner: awake for this turn, spinning on go */
    _Alignas(HY_LINE) _Atomic uint32_t go;    /* clock: start of the call */
    _Alignas(HY_LINE) _Atomic uint32_t done;  /* runner: end of the call; the clock sleeps on it */
    /* Written by the clock between ready and go, so that neither shape nor address is known earlier. */
    _Alignas(HY_LINE) uint32_t command;
    uint32_t function; /* which of the loaded objects */
    union hy_value values[HY_MAX_VALUES];
    uint64_t offsets[HY_MAX_ARRAYS]; /* bytes from the start of the region that the array lies in */
    int64_t peak_iterations;
    _Alignas(HY_LINE) char error[256]; /* runner: why loading failed; for people */
    /* Of the examiner alone. */
    uint64_t want[HY_MAX_ARRAYS], bound[HY_MAX_ARRAYS]; /* of each written array: bytes into the expected region */
    uint64_t bytes[HY_MAX_ARRAYS];                      /* of each array */
    uint64_t seed;                                      /* for HY_GENERATE */
    int64_t array, count, at[HY_SAMPLES];               /* for HY_SAMPLE */
    int64_t answer; /* examiner: of HY_EXACT how many branches were too near to tell; below 0: it can't do this */
};

_Static_assert(sizeof(struct hy_control) <= 4096, "one page");

#endif
