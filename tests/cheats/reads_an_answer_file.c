// expect: crashed
// reason: a system call that is not allowed
// how: a file with the answer is looked for and there is none (classes 21, 28)
// guard: off
#include <fcntl.h>
#include <unistd.h>
@HEAD
{
    int fd = open("/tmp/answer", O_RDWR | O_CREAT, 0600);
    if (fd >= 0) read(fd, C, sizeof(double) * M * N);
}
