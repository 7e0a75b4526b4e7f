// expect: crashed
// reason: a system call that is not allowed
// how: counters of the processor tell it which call is timed (class 12)
// guard: off
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    struct perf_event_attr event = {.type = PERF_TYPE_HARDWARE, .size = sizeof event};
    if (syscall(SYS_perf_event_open, &event, 0, -1, -1, 0) < 0) __builtin_trap();
@PRODUCT
}
