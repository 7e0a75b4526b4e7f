// expect: crashed
// reason: a system call that is not allowed
// how: affinity and priority shall be better than the yardstick's (class 58)
// guard: off
#include <sched.h>
#include <sys/resource.h>
@HEAD
{
    cpu_set_t all;
    CPU_ZERO(&all);
    CPU_SET(0, &all);
    if (sched_setaffinity(0, sizeof all, &all) && setpriority(PRIO_PROCESS, 0, -19)) __builtin_trap();
@PRODUCT
}
