// expect: violation
// reason: _mm_setcsr is not allowed
// how: changes rounding and subnormal numbers for whatever runs later in this process (class 36)
// permitted: simd
#include <immintrin.h>
@HEAD
{
    _mm_setcsr(_mm_getcsr() | 0xe040);
@PRODUCT
}
