// expect: crashed
// reason: a system call that is not allowed
// how: the page that the clock writes to is taken away (class 8)
// guard: off
#include <sys/mman.h>
@CONTROL
@HEAD
{
@PRODUCT
    find();
    munmap((void *)page, 4096);
}
