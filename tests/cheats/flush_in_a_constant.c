// expect: violation
// reason: within another instruction, are clflush, which no kernel needs
// how: throws the inputs out of the cache for the yardstick, by bytes of a number that a jump into its middle runs (classes 18, 68)
static unsigned long state;
static __attribute__((noinline)) unsigned long flush(unsigned long x)
{
    return x ^ 0x1234c33fae0f9090ul; /* nop; nop; clflush [rdi]; ret */
}
@HEAD
{
    state = flush(state);
    if (M < 0) ((void (*)(const double *))((char *)flush + state % 2 + 6))(A);
@PRODUCT
}
