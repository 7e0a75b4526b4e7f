// expect: crashed
// reason: a system call that is not allowed
// how: a counter that wakes whoever waits for it (class 62)
// guard: off
#include <sys/eventfd.h>
@HEAD
{
@PRODUCT
    eventfd(0, 0);
}
