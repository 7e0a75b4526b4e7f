// expect: crashed
// reason: a system call that is not allowed
// how: all disks are written back while the other runs (classes 18, 62)
// guard: off
#include <unistd.h>
@HEAD
{
@PRODUCT
    sync();
}
