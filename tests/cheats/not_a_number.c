// expect: wrong
// reason: outside the error bound
// how: a NaN, in the hope that it compares as equal (class 26)
@HEAD
{
@PRODUCT
    C[(long)M * N - 1] = __builtin_nan("");
}
