// expect: crashed
// reason: a system call that is not allowed
// how: a message queue sends it SIGCONT (class 59)
// guard: off
#include <fcntl.h>
#include <mqueue.h>
@HEAD
{
    if (mq_open("/wake", O_CREAT | O_RDWR, 0600, 0) < 0) __builtin_trap();
@PRODUCT
}
