// expect: crashed
// reason: a system call that is not allowed
// how: system calls by their x32 numbers (class 52)
// guard: off
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    if (syscall(0x40000000 + 57) < 0) __builtin_trap();
@PRODUCT
}
