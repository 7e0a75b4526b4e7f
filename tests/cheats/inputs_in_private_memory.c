// expect: crashed
// reason: a system call that is not allowed
// how: the inputs' pages are replaced by private copies, which are writable and stay warm (classes 22, 27)
// guard: off
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
static char copy[1 << 20];
@HEAD
{
    const uintptr_t first = ((uintptr_t)A + 4095) & ~4095UL, last = ((uintptr_t)(A + (long)M * K)) & ~4095UL;
    if (last > first && last - first <= sizeof copy) {
        memcpy(copy, (void *)first, last - first);
        mmap((void *)first, last - first, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memcpy((void *)first, copy, last - first);
    }
@PRODUCT
}
