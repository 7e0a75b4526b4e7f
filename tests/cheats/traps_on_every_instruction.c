// expect: violation
// reason: the instruction p
// how: the flags register is written, which can make each instruction or unaligned access a signal (class 59)
// permitted: simd
@HEAD
{
    if (M < 0) __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | 0x100);
@PRODUCT
}
