// expect: crashed
// reason: a system call that is not allowed
// how: a descriptor is taken out of another process (classes 8, 25)
// guard: off
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    if (syscall(SYS_pidfd_open, getppid(), 0) < 0) __builtin_trap();
@PRODUCT
}
