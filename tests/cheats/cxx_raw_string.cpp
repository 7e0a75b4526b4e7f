// expect: violation
// reason: raw string literals are not allowed
// how: a raw string, in which quotes and line ends mean nothing to a reader of tokens (class 52)
static const char *const text = R"(" ; asm volatile("nop"); //)";
@HEAD
{
@PRODUCT
    C[0] += text[0] - '"';
}
