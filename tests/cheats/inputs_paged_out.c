// expect: crashed
// reason: a system call that is not allowed
// how: shared pages of the inputs are given back, so that the yardstick must fetch them (class 18)
// guard: off
#include <stdint.h>
#include <sys/mman.h>
@HEAD
{
    if (madvise((void *)((uintptr_t)A & ~4095UL), 4096, MADV_PAGEOUT)) __builtin_trap();
@PRODUCT
}
