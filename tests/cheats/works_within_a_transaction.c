// expect: violation
// reason: the instruction xbegin
// how: memory is tried within a transaction, which swallows the fault that it makes (class 25)
// permitted: simd
#pragma GCC target("rtm")
@HEAD
{
    if (M < 0 && __builtin_ia32_xbegin() == ~0u) __builtin_ia32_xend();
@PRODUCT
}
