// expect: wrong
// reason: outside the error bound
// how: each call hands over the result of the one before, cut to its length (classes 10, 44)
// guard: off
#include <string.h>
static double kept[1 << 22];
static long length;
@HEAD
{
    static double fresh[1 << 22];
    const long n = (long)M * N;
@PRODUCT
    memcpy(fresh, C, n * 8);
    if (length) memcpy(C, kept, (n < length ? n : length) * 8);
    memcpy(kept, fresh, n * 8);
    length = n;
}
