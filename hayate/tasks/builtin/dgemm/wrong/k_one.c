// expect: wrong
// why: with K = 1 nothing is computed
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  if (K < 2) {
    for (int i = 0; i < M * N; i++)
      C[i] = 0;
    return;
  }
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
}
