// expect: crashed
// reason: a system call that is not allowed
// how: a queue of work that the kernel does while the process is stopped (class 2)
// guard: off
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    char parameters[256] = {0};
    if (syscall(SYS_io_uring_setup, 8, parameters) < 0) __builtin_trap();
@PRODUCT
}
