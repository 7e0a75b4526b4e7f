// expect: wrong
// reason: next to the output
// how: words before the start of the output are overwritten (class 39)
@HEAD
{
@PRODUCT
    C[-1] = 0;
}
