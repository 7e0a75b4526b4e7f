// permitted: simd register_blocking
#include <immintrin.h>

#ifdef __AVX2__
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  int j = 0;
  for (; j + 8 <= N; j += 8) {
    int i = 0;
    for (; i + 4 <= M; i += 4) {
      __m256d s[4][2];
      for (int x = 0; x < 4; x++) {
        s[x][0] = _mm256_setzero_pd();
        s[x][1] = _mm256_setzero_pd();
      }
      for (int l = 0; l < K; l++) {
        __m256d b0 = _mm256_loadu_pd(B + l * N + j);
        __m256d b1 = _mm256_loadu_pd(B + l * N + j + 4);
        for (int x = 0; x < 4; x++) {
          __m256d a = _mm256_broadcast_sd(A + (i + x) * K + l);
          s[x][0] = _mm256_add_pd(s[x][0], _mm256_mul_pd(a, b0));
          s[x][1] = _mm256_add_pd(s[x][1], _mm256_mul_pd(a, b1));
        }
      }
      for (int x = 0; x < 4; x++) {
        _mm256_storeu_pd(C + (i + x) * N + j, s[x][0]);
        _mm256_storeu_pd(C + (i + x) * N + j + 4, s[x][1]);
      }
    }
    for (; i < M; i++) {
      __m256d s0 = _mm256_setzero_pd();
      __m256d s1 = _mm256_setzero_pd();
      for (int l = 0; l < K; l++) {
        __m256d a = _mm256_broadcast_sd(A + i * K + l);
        s0 = _mm256_add_pd(s0, _mm256_mul_pd(a, _mm256_loadu_pd(B + l * N + j)));
        s1 = _mm256_add_pd(s1, _mm256_mul_pd(a, _mm256_loadu_pd(B + l * N + j + 4)));
      }
      _mm256_storeu_pd(C + i * N + j, s0);
      _mm256_storeu_pd(C + i * N + j + 4, s1);
    }
  }
  for (; j < N; j++)
    for (int i = 0; i < M; i++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
}
#else
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
#endif
