// expect: crashed
// reason: a system call that is not allowed
// how: the output's pages are replaced by private ones with a cheaper life (class 37)
// guard: off
#include <stdint.h>
#include <sys/mman.h>
@HEAD
{
    const uintptr_t first = ((uintptr_t)C + 4095) & ~4095UL, last = ((uintptr_t)(C + (long)M * N)) & ~4095UL;
    if (last > first)
        mmap((void *)first, last - first, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
@PRODUCT
}
