// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double t = 0;
      double e = 0;
      for (int l = 0; l < K; l++) {
        double y = A[i * K + l] * B[l * N + j] - e;
        double s = t + y;
        e = (s - t) - y;
        t = s;
      }
      C[i * N + j] = t;
    }
}
