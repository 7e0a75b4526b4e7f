// expect: violation
// reason: bytes of memory aside
// how: scratch memory that is withheld, as the gap that alignment leaves between two single numbers (class 69)
static _Alignas(1 << 20) volatile double low, high;
@HEAD
{
    volatile double *scratch = &low < &high ? &low : &high;
    if (K > 1) scratch[1000] = A[0];
@PRODUCT
}
