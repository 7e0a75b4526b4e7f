// expect: crashed
// reason: signal 11
// how: inputs are zeroed so that the reference shall agree (class 27)
@HEAD
{
    ((double *)A)[0] = 0;
@PRODUCT
}
