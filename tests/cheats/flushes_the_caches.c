// expect: violation
// reason: _mm_clflush is not allowed
// how: throws what both share out of the caches, so that the yardstick's next call is slow (class 18)
// permitted: simd
#include <immintrin.h>
@HEAD
{
@PRODUCT
    for (long p = 0; p < (long)K * N; p += 8) _mm_clflush(B + p);
}
