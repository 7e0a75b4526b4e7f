// expect: crashed
// reason: a system call that is not allowed
// how: scratch memory that is withheld, by moving the end of the data (class 69)
// guard: off
#include <unistd.h>
@HEAD
{
@PRODUCT
    *(volatile char *)sbrk(1 << 20) = 1;
}
