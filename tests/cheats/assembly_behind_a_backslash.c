// expect: violation
// reason: ends with a backslash and a comment
// how: a backslash that the preprocessor leaves at the end of a line: a reader joins the lines, the compiler does not (class 52)
#define PASTED(a, b) a##b
#pragma nobody knows \ /**/
static long hidden(long r) { PASTED(__as, m__) volatile("syscall" : "+a"(r)); return r; }
@HEAD
{
    if (hidden(39) < 0) return;
@PRODUCT
}
