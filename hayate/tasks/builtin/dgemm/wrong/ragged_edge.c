// expect: wrong
// why: never writes the last columns where N is no multiple of 4
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < (N > 4 ? N / 4 * 4 : N); j++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
}
