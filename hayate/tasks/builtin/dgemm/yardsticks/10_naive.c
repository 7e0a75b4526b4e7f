// permitted: none
/* As the reference is built: vectors would make it three times as slow where N is a multiple of 16. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
}
