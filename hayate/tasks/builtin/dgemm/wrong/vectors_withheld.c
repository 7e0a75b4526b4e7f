// expect: violation
// why: vector types without permission
// permitted: none
typedef double vec __attribute__((vector_size(32), aligned(8), may_alias));

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M; i++) {
    int j = 0;
    for (; j + 4 <= N; j += 4) {
      vec s = {0};
      for (int l = 0; l < K; l++)
        s += A[i * K + l] * *(const vec *)(B + l * N + j);
      *(vec *)(C + i * N + j) = s;
    }
    for (; j < N; j++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
  }
}
