// expect: wrong
// why: computes whole blocks of 8 by 8 only
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int ii = 0; ii + 8 <= M; ii += 8)
    for (int jj = 0; jj + 8 <= N; jj += 8)
      for (int i = ii; i < ii + 8; i++)
        for (int j = jj; j < jj + 8; j++) {
          double t = 0;
          for (int l = 0; l < K; l++)
            t += A[i * K + l] * B[l * N + j];
          C[i * N + j] = t;
        }
}
