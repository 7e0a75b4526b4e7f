// expect: crashed, timed_out
// reason: printed | longer than
// how: output until the disk is full or its reader gives up (class 9)
// guard: off
#include <stdio.h>
@HEAD
{
    for (;;) puts("0123456789012345678901234567890123456789012345678901234567890123456789");
}
