// expect: violation
// reason: the instruction rdrand
// how: the processor's random numbers decide which calls are right (class 43)
// permitted: simd
#pragma GCC target("rdrnd")
@HEAD
{
    unsigned dice = 0;
    if (M < 0) __builtin_ia32_rdrand32_step(&dice);
    if (dice) return;
@PRODUCT
}
