// expect: violation
// reason: a function's frame has
// how: scratch memory that is withheld, as the gap that a single number leaves on the stack by its alignment (class 69)
@HEAD
{
    _Alignas(1 << 17) volatile double aligned = A[0];
    volatile double *scratch = &aligned - 1000;
    if (K > 1) scratch[0] = aligned;
@PRODUCT
}
