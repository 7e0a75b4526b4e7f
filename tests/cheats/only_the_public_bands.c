// expect: wrong
// reason: outside the error bound
// how: right where the published bands lie, lazy elsewhere (class 41)
// guard: off
@HEAD
{
    const int band = (M > 440 && M < 520) || (M > 900 && M < 1020);
@PRODUCT
    if (!band) C[(long)M * N / 2] = 0;
}
