// permitted: simd alloc blocking
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  const double(*a)[K] = (const double(*)[K])A;
  const double(*b)[N] = (const double(*)[N])B;
  double(*c)[N] = (double(*)[N])C;
  double row[N];
  for (int i = 0; i < M; i++) {
    for (int j = 0; j < N; j++)
      row[j] = 0;
    for (int l = 0; l < K; l++)
      for (int j = 0; j < N; j++)
        row[j] += a[i][l] * b[l][j];
    for (int j = 0; j < N; j++)
      c[i][j] = row[j];
  }
}
