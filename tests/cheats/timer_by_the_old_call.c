// expect: crashed
// reason: a system call that is not allowed
// how: an interval timer whose signal continues it (classes 59, 62)
// guard: off
#include <sys/time.h>
@HEAD
{
@PRODUCT
    struct itimerval soon = {.it_value.tv_usec = 1000};
    setitimer(ITIMER_REAL, &soon, 0);
}
