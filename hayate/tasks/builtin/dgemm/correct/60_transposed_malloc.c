// permitted: alloc packing simd fastmath
#include <stdlib.h>

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  double *Q = malloc(sizeof(double) * K * N);
  if (Q == 0) {
    for (int i = 0; i < M; i++)
      for (int j = 0; j < N; j++) {
        double t = 0;
        for (int l = 0; l < K; l++)
          t += A[i * K + l] * B[l * N + j];
        C[i * N + j] = t;
      }
    return;
  }
  for (int l = 0; l < K; l++)
    for (int j = 0; j < N; j++)
      Q[j * K + l] = B[l * N + j];
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * Q[j * K + l];
      C[i * N + j] = t;
    }
  free(Q);
}
