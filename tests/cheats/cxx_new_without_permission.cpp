// expect: violation
// reason: alloc is used and not permitted: operator new
// how: scratch memory that is withheld, by new (class 52)
@HEAD
{
    double *copy = new double[K * N];
    for (long p = 0; p < (long)K * N; p++) copy[p] = B[p];
@PRODUCT
    for (long p = 0; p < (long)K * N; p++) C[0] += copy[p] - B[p];
    delete[] copy;
}
