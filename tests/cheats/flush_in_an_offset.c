// expect: violation
// reason: within another instruction, are clflush, which no kernel needs
// how: the same by the offset of an address (classes 18, 68)
static unsigned long state;
static __attribute__((noinline)) long flush(long a, long b, long c, const char *p, long i)
{
    return a + b + c + *(const int *)(p + i + 0x38ae0f) + *(const int *)(p + i + 0x3fae0f);
}
@HEAD
{
    if (M < 0) state += flush(M, N, K, (const char *)A, (long)state);
    if (M < 0) ((void (*)(const double *))((char *)flush + state % 2 + 6))(A);
@PRODUCT
}
