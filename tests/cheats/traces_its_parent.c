// expect: crashed
// reason: a system call that is not allowed
// how: the process that started it is traced (class 5)
// guard: off
#include <sys/ptrace.h>
#include <unistd.h>
@HEAD
{
    if (ptrace(PTRACE_ATTACH, getppid(), 0, 0)) __builtin_trap();
@PRODUCT
}
