// expect: violation
// reason: the instruction rdpmc
// how: a clock of the processor that no list of names knew (class 12)
// permitted: simd
static volatile long seen;
@HEAD
{
    if (M < 0) seen = (long)__builtin_ia32_rdpmc(0);
@PRODUCT
}
