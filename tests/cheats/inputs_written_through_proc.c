// expect: crashed
// reason: a system call that is not allowed
// how: the kernel writes to a read-only page on its behalf (class 27)
// guard: off
#include <fcntl.h>
#include <unistd.h>
@HEAD
{
    const double zero = 0;
    const int fd = open("/proc/self/mem", O_RDWR);
    if (fd < 0 || pwrite(fd, &zero, 8, (off_t)A) != 8) __builtin_trap();
@PRODUCT
}
