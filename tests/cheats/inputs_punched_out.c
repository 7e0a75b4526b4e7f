// expect: crashed
// reason: a system call that is not allowed
// how: shared pages of the inputs are removed: zeros for both, and nothing to compute (class 27)
// guard: off
#include <stdint.h>
#include <sys/mman.h>
@HEAD
{
    if (madvise((void *)((uintptr_t)A & ~4095UL), 4096, MADV_REMOVE)) __builtin_trap();
@PRODUCT
}
