// expect: crashed
// why: recurses without end
static double deep(int n, const double *A)
{
  volatile double pad[512];
  pad[n & 511] = A[0];
  return deep(n + 1, A) + pad[(n + 1) & 511];
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  C[0] = deep(M + N + K, A) + B[0];
}
