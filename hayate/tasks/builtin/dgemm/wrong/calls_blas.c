// expect: violation
// why: calls a BLAS instead of computing
void cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  cblas_dgemm(101, 111, 111, M, N, K, 1.0, A, K, B, N, 0.0, C, N);
}
