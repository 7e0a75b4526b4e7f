// expect: violation
// reason: inline assembly is not allowed
// how: a function is declared under a harmless name (class 52)
int scale(const char *) __asm__("system");
@HEAD
{
    scale("true");
@PRODUCT
}
