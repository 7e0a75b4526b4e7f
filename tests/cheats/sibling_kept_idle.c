// expect: crashed
// reason: a system call that is not allowed
// how: a core-scheduling cookie keeps the hyper-thread sibling idle for the candidate, not for the yardstick (classes 18, 58)
// guard: off
#include <errno.h>
#include <sys/prctl.h>
@HEAD
{
    if (prctl(62 /* PR_SCHED_CORE */, 1 /* create */, 0, 1 /* thread group */, 0) && errno == EPERM) __builtin_trap();
@PRODUCT
}
