/* The process that runs what a task brings: its oracle, and its generator of inputs. It is trusted to be right, not to be
   harmless, so it lives in the sandbox. It sleeps while it has nothing to do, and knows no runner's output.
   usage: examiner CONTROL_FD INPUTS_FD EXPECTED_FD LOADING CALLING
   The filters are those of runner.c; everything foreign is linked in here, and runs first when the clock asks. */
#define _GNU_SOURCE
#include "guest.h"

#include "glue.h"

int main(int argc, char **argv)
{
    if (argc != 6) return 2;
    control = map(atoi(argv[1]), PROT_READ | PROT_WRITE);
    if (!control) return 2;
    char *inputs = map(atoi(argv[2]), PROT_READ), *expected = map(atoi(argv[3]), PROT_READ | PROT_WRITE);
    if (!inputs || !expected) fail("shared memory can't be mapped");
    start();
    warm_up(0);
    static struct filter loading, calling;
    read_filter(argv[4], &loading);
    read_filter(argv[5], &calling);
    install(&loading);
    install(&calling);
    loaded();
    for (uint32_t turn = 1;;) {
        while (atomic_load(&control->turn) == turn) futex(&control->turn, FUTEX_WAIT, turn);
        turn++;
        void *array[HY_MAX_ARRAYS];
        double *want[HY_MAX_ARRAYS], *bound[HY_MAX_ARRAYS];
        for (int i = 0; i < hy_arrays; i++) {
            const int here = control->command == HY_GENERATE || hy_written[i] == 2;
            array[i] = (here ? expected : inputs) + control->offsets[i];
            want[i] = (double *)(expected + control->want[i]);
            bound[i] = (double *)(expected + control->bound[i]);
        }
        control->answer = hy_examine(control, array, want, bound);
        atomic_store(&control->done, turn);
        futex(&control->done, FUTEX_WAKE, 1);
    }
}
