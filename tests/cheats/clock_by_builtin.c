// expect: violation
// reason: rdtsc
// how: the processor's own counter could tell it which call is timed (class 12)
// permitted: simd, alloc
static unsigned long long calls;
@HEAD
{
    calls += __builtin_ia32_rdtsc();
@PRODUCT
}
