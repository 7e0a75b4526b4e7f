// expect: crashed
// reason: a system call that is not allowed
// how: the output is computed when the clock looks at it (class 1)
// guard: off
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    if (syscall(SYS_userfaultfd, 0) < 0) __builtin_trap();
@PRODUCT
}
