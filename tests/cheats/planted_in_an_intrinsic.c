// expect: build_failed
// reason: planted
// how: a keyword that intrinsics begin with becomes a macro, so that code stands before each of them (class 67)
// permitted: simd
#define PASTE(a, b) a##b
#define _mm_getcsr unused1(void) { return 0; } static void planted(void) { PASTE(__as, m__) volatile("cpuid" : : : "rax", "rbx", "rcx", "rdx"); } extern unsigned unused2
#include <immintrin.h>
@HEAD
{
    planted();
@PRODUCT
}
