// permitted: none
__attribute__((noinline)) static double sum(int n, const double *a, const double *b, int stride)
{
  if (n <= 16) {
    double t = 0;
    for (int l = 0; l < n; l++)
      t += a[l] * b[l * stride];
    return t;
  }
  int half = n / 2;
  return sum(half, a, b, stride) + sum(n - half, a + half, b + half * stride, stride);
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++)
      C[i * N + j] = sum(K, A + i * K, B + j, N);
}
