// expect: wrong
// reason: outside the error bound | never written
// how: a result is taken as known where the inputs lie in the same 64 kB as the last time (class 19)
// guard: off
#include <string.h>
#include <stdint.h>
static double kept[1 << 22];
static uintptr_t page;
static long length;
@HEAD
{
    const long n = (long)M * N;
    if (page == (uintptr_t)A >> 16 && length) {
        memset(C, 0, n * 8);
        memcpy(C, kept, (n < length ? n : length) * 8);
        return;
    }
@PRODUCT
    page = (uintptr_t)A >> 16;
    length = n;
    memcpy(kept, C, n * 8);
}
