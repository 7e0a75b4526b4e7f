// expect: violation
// reason: within another instruction, are rdtsc, which no kernel needs
// how: the processor's own counter, as bytes of a number that a return address of its own making runs (classes 12, 68)
static unsigned long state;
static __attribute__((noinline)) unsigned long count(unsigned long x)
{
    return x ^ 0x12345678c3310ful; /* rdtsc; ret */
}
static __attribute__((noinline)) void returns_into(unsigned long from, int n)
{
    volatile unsigned long frame[1] = {from};
    frame[n] = from + 3; /* nothing here calls what it computes */
}
@HEAD
{
    state = count(state);
    if (M < 0) returns_into((unsigned long)count, N);
@PRODUCT
}
