// expect: crashed
// reason: a system call that is not allowed
// how: a queue of events, by which the kernel works for a stopped process (class 62)
// guard: off
#include <sys/epoll.h>
@HEAD
{
@PRODUCT
    epoll_create1(0);
}
