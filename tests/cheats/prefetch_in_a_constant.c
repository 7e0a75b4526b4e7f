// expect: violation
// reason: prefetch is not permitted, and 1 of it stand in constants
// how: a prefetch that is withheld, as bytes of a number that a jump into its middle runs (class 68)
static unsigned long state;
static __attribute__((noinline)) unsigned long fetch(unsigned long x)
{
    return x ^ 0x1234c30f180f9090ul; /* nop; nop; prefetcht0 [rdi]; ret */
}
@HEAD
{
    state = fetch(state);
    if (M < 0) ((void (*)(const double *))((char *)fetch + state % 2 + 6))(A);
@PRODUCT
}
