// expect: crashed
// reason: a system call that is not allowed
// how: a pipe, whose pages the kernel fills on its own (class 62)
// guard: off
#include <unistd.h>
@HEAD
{
@PRODUCT
    int ends[2];
    pipe(ends);
}
