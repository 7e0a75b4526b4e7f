// expect: crashed
// reason: signal 4
// how: another program takes the process over (class 52)
// guard: off
#include <unistd.h>
@HEAD
{
    if (execl("/bin/true", "true", (char *)0)) __builtin_trap();
@PRODUCT
}
