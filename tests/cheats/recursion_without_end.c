// expect: crashed
// reason: signal 11
// how: the stack grows into something else
// guard: off
static volatile int depth;
static int deeper(int n)
{
    volatile char frame[4096];
    frame[n & 4095] = 1;
    return depth ? 0 : deeper(n + 1) + frame[0];
}
@HEAD
{
    C[0] = deeper(0);
}
