// expect: crashed
// reason: a system call that is not allowed
// how: output until the disk is full or its reader gives up (class 9)
// guard: off
#include <stdio.h>
@HEAD
{
    for (;;) puts("0123456789012345678901234567890123456789012345678901234567890123456789");
}
