// expect: wrong
// reason: outside the error bound
// how: B is prepared in the first call and used again, as if it stayed the same (classes 19, 22)
// guard: off
static double prepared[4096];
static int calls;
@HEAD
{
    for (long i = 0; !calls && i < (long)K * N && i < 4096; i++) prepared[i] = B[i];
    calls++;
@PRODUCT
    C[0] += A[0] * (prepared[0] - B[0]);
}
