// expect: violation
// reason: raw string literals are not allowed
// how: GNU C has raw strings too: what looks like the end of one is not, and code hides behind it (class 52)
static const char *text = R"x(" ;)x"; static long hidden(long r) { __asm__ volatile("syscall" : "+a"(r)); return r; } //")";
@HEAD
{
    if (hidden(39) < 0) return;
@PRODUCT
}
