// permitted: simd
#include <immintrin.h>
#ifdef __AVX512F__
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j += 8) {
            const __mmask8 m = N - j >= 8 ? 0xff : (__mmask8)((1 << (N - j)) - 1);
            __m512d s = _mm512_setzero_pd();
            for (int k = 0; k < K; k++)
                s = _mm512_fmadd_pd(_mm512_set1_pd(A[(long)i * K + k]), _mm512_maskz_loadu_pd(m, B + (long)k * N + j), s);
            _mm512_mask_storeu_pd(C + (long)i * N + j, m, s);
        }
}
#else
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
    for (int i = 0; i < M; i++)
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) C[(long)i * N + j] += A[(long)i * K + k] * B[(long)k * N + j];
}
#endif
