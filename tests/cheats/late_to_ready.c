// expect: cheated, timed_out
// reason: not ready | its own calls | verified calls took
// how: it runs the protocol itself and lets the clock wait before it says ready, call after call (class 71)
// guard: off
@CONTROL
#include <time.h>
@HEAD
{
    static int calls;
    find();
@PRODUCT
    if (calls++) return;
    /* This call ends here; from now on the protocol is ours. */
    for (unsigned turn = page[TURN];;) {
        page[DONE] = turn;
        syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
        while (page[TURN] == turn) syscall(SYS_futex, page + TURN, 0, turn, 0, 0, 0);
        turn++;
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        do clock_gettime(CLOCK_MONOTONIC, &b);
        while ((b.tv_sec - a.tv_sec) + 1e-9 * (b.tv_nsec - a.tv_nsec) < 4.5);
        page[READY] = turn;
        while (page[GO] != turn) {}
    }
}
