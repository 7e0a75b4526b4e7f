// expect: crashed
// reason: a system call that is not allowed
// how: the answer is asked for elsewhere (class 29)
// guard: off
#include <sys/socket.h>
@HEAD
{
    if (socket(AF_INET, SOCK_STREAM, 0) < 0) __builtin_trap();
@PRODUCT
}
