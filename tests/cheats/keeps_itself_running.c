// expect: crashed
// reason: a system call that is not allowed
// how: a timer shall continue it while the yardstick runs, to take the result or slow it down (classes 18, 25)
// guard: off
#include <signal.h>
#include <time.h>
@HEAD
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer)) __builtin_trap();
@PRODUCT
}
