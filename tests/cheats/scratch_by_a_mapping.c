// expect: crashed
// reason: a system call that is not allowed
// how: scratch memory that is withheld, as a new mapping (class 69)
// guard: off
#include <sys/mman.h>
@HEAD
{
@PRODUCT
    *(volatile double *)mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
}
