// expect: violation
// reason: the attribute optimize | a block within a #pragma
// how: a nested function with flags of its own, within the clause of a pragma (class 54)
// permitted: simd
@HEAD
{
#pragma omp simd if(({ __attribute__((optimize("fast-math"), noinline)) int any(int a) { return a + M; } any(K); }))
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
@PRODUCT
}
