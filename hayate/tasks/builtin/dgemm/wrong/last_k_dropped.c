// expect: wrong
// why: leaves out the last product where K is odd
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double t = 0;
      for (int l = 0; l < (K > 1 ? K / 2 * 2 : 1); l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
}
