// expect: violation
// reason: attribute
// how: the flags of one function are changed (class 54)
__attribute__((optimize("Ofast"))) static double sum(const double *x, long n)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += x[i];
    return s;
}
@HEAD
{
@PRODUCT
    C[0] += 0 * sum(A, K);
}
