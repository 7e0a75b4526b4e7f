// expect: violation
// reason: inline assembly is not allowed
// how: hides assembly between two digit separators, which a reader of C takes for one character (class 52)
@HEAD
{
    const int one = 1'0; asm volatile(""); const int two = 2'0;
@PRODUCT
    C[0] += one - two + 10;
}
