// permitted: simd
#include <immintrin.h>
#include <stdint.h>
/* Results go past the caches; done is said after the fence. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N;) {
            double *c = C + (long)i * N + j;
            if (((uintptr_t)c & 15) || j + 2 > N) {
                double s = 0;
                for (int k = 0; k < K; k++) s += A[(long)i * K + k] * B[(long)k * N + j];
                *c = s;
                j++;
                continue;
            }
            __m128d s = _mm_setzero_pd();
            for (int k = 0; k < K; k++)
                s = _mm_add_pd(s, _mm_mul_pd(_mm_set1_pd(A[(long)i * K + k]), _mm_loadu_pd(B + (long)k * N + j)));
            _mm_stream_pd(c, s);
            j += 2;
        }
    _mm_sfence();
}
