// expect: crashed
// reason: a system call that is not allowed
// how: another program takes the process over (class 52)
// guard: off
#include <unistd.h>
@HEAD
{
    if (execl("/bin/true", "true", (char *)0)) __builtin_trap();
@PRODUCT
}
