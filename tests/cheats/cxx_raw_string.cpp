// expect: violation
// reason: raw string literals are not allowed
// how: a raw string over a line that a reader takes for two joined ones: to him it ends before code that runs (class 52)
static const char *const text = R"x(a)\
x" )x"; static long hidden(long r) { __asm__ volatile("syscall" : "+a"(r)); return r; } //"
@HEAD
{
@PRODUCT
    C[0] += 0 * hidden(39) * text[0];
}
