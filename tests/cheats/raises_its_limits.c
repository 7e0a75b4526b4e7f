// expect: crashed
// reason: a system call that is not allowed
// how: a limit of the sandbox is raised (class 52)
// guard: off
#include <sys/resource.h>
@HEAD
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &all)) __builtin_trap();
@PRODUCT
}
