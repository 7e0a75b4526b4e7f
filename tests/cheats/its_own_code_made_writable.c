// expect: crashed
// reason: a system call that is not allowed
// how: its own code, changed after it was read (class 52)
// guard: off
#include <sys/mman.h>
@HEAD
{
@PRODUCT
    mprotect((void *)((unsigned long)dgemm & ~4095UL), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
