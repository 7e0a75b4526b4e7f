// expect: violation
// reason: packed floating-point instructions stand in constants
// how: vector instructions, where simd is withheld, as bytes of numbers that a jump into their middle would run (class 68)
static unsigned long state;
static __attribute__((noinline)) void gadgets(unsigned long x)
{
    state ^= x * 0x04ebc158fdc5ul; /* vaddpd ymm0, ymm0, ymm1; jmp */
    state += x ^ 0x04ebc159fdc5ul; /* vmulpd ymm0, ymm0, ymm1; jmp */
}
@HEAD
{
    gadgets((unsigned long)M);
    ((void (*)(unsigned long))((char *)gadgets + state % 2 + 7))(1);
@PRODUCT
}
