// expect: violation
// reason: where no instruction starts
// how: a pointer into the middle of an instruction, whose bytes mean something else from there (class 68)
static __attribute__((noinline)) long gadget(long x) { return x * 0x050f050f050fl; }
static long (*volatile jump)(long) = (long (*)(long))((char *)gadget + 2);
@HEAD
{
    if (M < 0) jump(gadget(K));
@PRODUCT
}
