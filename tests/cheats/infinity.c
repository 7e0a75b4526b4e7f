// expect: wrong
// reason: outside the error bound
// how: an infinity, in the hope that the error bound becomes one, too (class 26)
@HEAD
{
@PRODUCT
    C[0] = __builtin_inf();
}
