// expect: crashed
// reason: a system call that is not allowed
// how: a sleep, for the clock to look elsewhere (class 71)
// guard: off
#include <time.h>
@HEAD
{
@PRODUCT
    struct timespec little = {.tv_nsec = 1000000};
    nanosleep(&little, 0);
}
