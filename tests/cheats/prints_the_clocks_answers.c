// expect: crashed
// reason: a system call that is not allowed
// how: the clock's own words are printed, without guard (classes 8, 9)
// guard: off
#include <unistd.h>
@HEAD
{
@PRODUCT
    for (int fd = 0; fd < 64; fd++) write(fd, "verified 1 0\npair 1 9 0 0 0 0 0\n", 33);
    C[0] += 1;
}
