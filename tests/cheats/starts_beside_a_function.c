// expect: violation
// reason: where no instruction starts | does not compile
// how: a call of what stands some bytes behind a function's start, by an address that the compiler knows (class 68)
static __attribute__((noinline)) unsigned long f(unsigned long x)
{
    return x * 3 + 1;
}
@HEAD
{
    if (M < 0) ((unsigned long (*)(unsigned long))((char *)f + 1))(f((unsigned long)N));
@PRODUCT
}
