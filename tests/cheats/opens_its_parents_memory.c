// expect: crashed
// reason: a system call that is not allowed
// how: memory of the process that started it is opened (class 25)
// guard: off
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
@HEAD
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", getppid() ? getppid() : 1);
    if (open(path, O_RDWR) < 0) __builtin_trap();
@PRODUCT
}
