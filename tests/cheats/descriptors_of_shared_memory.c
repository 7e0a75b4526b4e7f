// expect: crashed
// reason: a system call that is not allowed
// how: a descriptor of the shared memory is looked for, to cut it or to map it for writing (class 27)
// guard: off
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
@HEAD
{
    int found = 0;
    for (int fd = 0; fd < 1024; fd++) {
        void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        found += ftruncate(fd, 0) == 0 || page != MAP_FAILED;
    }
    if (!found) __builtin_trap();
@PRODUCT
}
