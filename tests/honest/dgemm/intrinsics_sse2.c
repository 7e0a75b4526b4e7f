// permitted: simd
#include <immintrin.h>
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++) {
        int j = 0;
        for (; j + 2 <= N; j += 2) {
            __m128d s = _mm_setzero_pd();
            for (int k = 0; k < K; k++)
                s = _mm_add_pd(s, _mm_mul_pd(_mm_set1_pd(A[(long)i * K + k]), _mm_loadu_pd(B + (long)k * N + j)));
            _mm_storeu_pd(C + (long)i * N + j, s);
        }
        if (j < N) {
            double s = 0;
            for (int k = 0; k < K; k++) s += A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = s;
        }
    }
}
