// expect: crashed
// reason: a system call that is not allowed
// how: a thread that no library knows of (classes 2, 52)
// guard: off
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    if (syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0) < 0) __builtin_trap();
@PRODUCT
}
