// expect: crashed
// reason: a system call that is not allowed
// how: other processes are stopped or killed (class 59)
// guard: off
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    int hit = 0;
    for (int pid = 1; pid < 70000; pid++)
        hit += pid != getpid() && syscall(SYS_tgkill, pid, pid, SIGKILL) == 0;
    if (!hit) __builtin_trap();
@PRODUCT
}
