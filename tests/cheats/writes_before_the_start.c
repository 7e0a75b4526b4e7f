// expect: wrong
// reason: next to the output
// how: the same at the other end (class 39)
@HEAD
{
@PRODUCT
    C[-1] = 0;
}
