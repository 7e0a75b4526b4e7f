// expect: violation
// reason: bytes of memory aside
// how: the same in the memory of the one thread there is (class 69)
static _Thread_local _Alignas(1 << 16) volatile double low, high;
@HEAD
{
    volatile double *scratch = &low < &high ? &low : &high;
    if (K > 1) scratch[1000] = A[0];
@PRODUCT
}
