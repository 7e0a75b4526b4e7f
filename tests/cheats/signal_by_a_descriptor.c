// expect: crashed
// reason: a system call that is not allowed
// how: a descriptor's owner is sent SIGCONT when something can be read (class 59)
// guard: off
#include <fcntl.h>
#include <signal.h>
@HEAD
{
    if (fcntl(0, F_SETSIG, SIGCONT)) __builtin_trap();
@PRODUCT
}
