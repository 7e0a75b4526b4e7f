/* The process that runs code under test: loads objects, then sleeps until the clock asks for a call.
   usage: runner CONTROL_FD INPUT_FD OUTPUT_FD LOADING CALLING CLOCK_SHARES_CORE LIBRARIES OBJECT...
   LOADING and CALLING are files with seccomp programs (arrays of sock_filter): the first is installed before anything
   foreign is loaded, so that constructors run under it too, the second once all is loaded; an empty one adds nothing.
   LIBRARIES, separated by commas, are loaded before both: run-time libraries of threads, which look at the machine when
   they start; without any, no thread will be made. Once an object is loaded this process is the candidate's: nothing that
   it says is believed by the clock without a check. */
#define _GNU_SOURCE
#include "guest.h"

#include "glue.h"

#include <sched.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { MAX_OBJECTS = 32 };

static int shares_core;

static void pause_briefly(void)
{
    if (shares_core) {
        sched_yield();
        return;
    }
#if defined(__x86_64__)
    _mm_pause();
#endif
}

int main(int argc, char **argv)
{
    enum { FIRST = 8 };
    if (argc <= FIRST || argc - FIRST > MAX_OBJECTS) return 2;
    control = map(atoi(argv[1]), PROT_READ | PROT_WRITE);
    if (!control) return 2;
    char *inputs = map(atoi(argv[2]), PROT_READ);
    char *outputs = map(atoi(argv[3]), PROT_READ | PROT_WRITE);
    if (!inputs || !outputs) fail("shared memory can't be mapped");
    shares_core = atoi(argv[6]);

    start();
    char *library = strtok(argv[7], ",");
    warm_up(library != NULL);
    for (; library; library = strtok(NULL, ",")) dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    static struct filter loading, calling;
    read_filter(argv[4], &loading);
    read_filter(argv[5], &calling);
    install(&loading);
    void *entries[MAX_OBJECTS];
    double (*peak)(long) = NULL;
    for (int i = FIRST; i < argc; i++) {
        void *object = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        if (!object) fail(dlerror());
        entries[i - FIRST] = dlsym(object, hy_entry);
        if (!entries[i - FIRST]) {
            entries[i - FIRST] = dlsym(object, "hayate_peak");
            if (!entries[i - FIRST]) fail("the object does not export the entry");
            peak = (double (*)(long))entries[i - FIRST];
        }
    }
    install(&calling);
    uint32_t turn = 1;
    loaded();

    for (;;) {
        while (atomic_load(&control->turn) == turn) futex(&control->turn, FUTEX_WAIT, turn);
        turn++;
#if defined(__x86_64__)
        _mm_setcsr(0x1f80); /* round to nearest, no flush to zero: whatever the last call left behind */
#endif
        atomic_store(&control->ready, turn);
        while (atomic_load_explicit(&control->go, memory_order_acquire) != turn) pause_briefly();
        if (control->command == HY_CALL) {
            void *array[HY_MAX_ARRAYS];
            for (int i = 0; i < hy_arrays; i++) array[i] = (hy_written[i] ? outputs : inputs) + control->offsets[i];
            hy_call(entries[control->function], control->values, array);
        } else if (control->command == HY_PEAK && peak) {
            peak((long)control->peak_iterations);
        }
        atomic_store(&control->done, turn);
        futex(&control->done, FUTEX_WAKE, 1);
    }
}
