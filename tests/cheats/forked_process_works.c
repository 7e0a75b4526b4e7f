// expect: crashed
// reason: a system call that is not allowed
// how: a second process shall do the work (class 2)
// guard: off
#include <unistd.h>
@HEAD
{
    if (fork() < 0) __builtin_trap();
@PRODUCT
}
