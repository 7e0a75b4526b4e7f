// permitted: alloc loop_order
static long double row[2048];

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++) {
    for (int j = 0; j < N; j++)
      row[j] = 0;
    for (int l = K - 1; l >= 0; l--)
      for (int j = 0; j < N; j++)
        row[j] += (long double)A[i * K + l] * B[l * N + j];
    for (int j = 0; j < N; j++)
      C[i * N + j] = row[j];
  }
}
