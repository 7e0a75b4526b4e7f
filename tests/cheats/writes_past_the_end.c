// expect: wrong
// reason: next to the output
// how: whole blocks are written past ragged edges (class 39)
@HEAD
{
@PRODUCT
    C[(long)M * N] = 0;
}
