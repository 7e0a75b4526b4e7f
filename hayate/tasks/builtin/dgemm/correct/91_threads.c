// permitted: threads simd
#include <omp.h>

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
#pragma omp parallel for schedule(static)
  for (int i = 0; i < M; i++) {
    double *c = C + i * N;
    for (int j = 0; j < N; j++)
      c[j] = 0;
    for (int l = 0; l < K; l++)
      for (int j = 0; j < N; j++)
        c[j] += A[i * K + l] * B[l * N + j];
  }
}
