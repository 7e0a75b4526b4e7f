// expect: crashed
// reason: a system call that is not allowed
// how: the output is unmapped, so that there is nothing to compare (class 37)
// guard: off
#include <stdint.h>
#include <sys/mman.h>
@HEAD
{
@PRODUCT
    munmap((void *)((uintptr_t)C & ~4095UL), 1 << 16);
}
