// expect: crashed
// reason: a system call that is not allowed
// how: what this launch learned is kept for the next (class 21)
// guard: off
#include <fcntl.h>
@HEAD
{
    if (open("/tmp/kept", O_CREAT | O_RDWR, 0600) < 0) __builtin_trap();
@PRODUCT
}
