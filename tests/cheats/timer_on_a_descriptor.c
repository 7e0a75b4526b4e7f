// expect: crashed
// reason: a system call that is not allowed
// how: a timer that outlives the stop, on a descriptor (classes 18, 62)
// guard: off
#include <sys/timerfd.h>
#include <time.h>
@HEAD
{
@PRODUCT
    timerfd_create(CLOCK_MONOTONIC, 0);
}
