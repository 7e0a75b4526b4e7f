/* What the clock and a runner share. One control page for each runner, so that no candidate reaches another's.
   A runner's process belongs to the candidate as soon as its code is loaded: nothing in here is believed without
   a check by the clock. Hot words have cache lines of their own. */
#ifndef HAYATE_PROTOCOL_H
#define HAYATE_PROTOCOL_H
#include <stdint.h>

#define HY_MAX_SIZES 8
#define HY_MAX_ARRAYS 8
#define HY_LINE 64

enum hy_state { HY_NEW = 0, HY_STARTED = 1, HY_LOADED = 2, HY_LOAD_FAILED = 3 };
enum hy_command { HY_LOAD = 1, HY_CALL = 2, HY_PEAK = 3 };

struct hy_control {
    _Alignas(HY_LINE) _Atomic uint32_t state; /* runner: hy_state */
    _Alignas(HY_LINE) _Atomic uint32_t turn;  /* clock: next turn; the runner sleeps on it */
    _Alignas(HY_LINE) _Atomic uint32_t ready; /* runner: awake for this turn, spinning on go */
    _Alignas(HY_LINE) _Atomic uint32_t go;    /* clock: start of the call */
    _Alignas(HY_LINE) _Atomic uint32_t done;  /* runner: end of the call; the clock sleeps on it */
    /* Written by the clock between ready and go, so that neither shape nor address is known earlier. */
    _Alignas(HY_LINE) uint32_t command;
    uint32_t function; /* which of the loaded objects */
    int64_t sizes[HY_MAX_SIZES];
    uint64_t offsets[HY_MAX_ARRAYS]; /* bytes from the start of the inputs' or the outputs' region */
    int64_t peak_iterations;
    _Alignas(HY_LINE) char error[256]; /* runner: why loading failed; for people */
};

#endif
