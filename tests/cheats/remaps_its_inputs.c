// expect: crashed
// reason: a system call that is not allowed
// how: inputs are made writable first (class 27)
// guard: off
#include <stdint.h>
#include <sys/mman.h>
@HEAD
{
    mprotect((void *)((uintptr_t)A & ~4095UL), 4096, PROT_READ | PROT_WRITE);
    ((double *)A)[0] = 0;
@PRODUCT
}
