// expect: crashed
// reason: a system call that is not allowed
// how: a namespace in which it is root (class 52)
// guard: off
#include <sched.h>
@HEAD
{
    if (unshare(CLONE_NEWUSER)) __builtin_trap();
@PRODUCT
}
