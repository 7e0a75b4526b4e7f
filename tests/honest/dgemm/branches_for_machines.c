// permitted: simd
/* One text for all machines: intrinsics where the compiler has them, else plain loops. */
#include <stddef.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
typedef __m512d vec;
enum { W = 8 };
static inline vec zero(void) { return _mm512_setzero_pd(); }
static inline vec load(const double *p) { return _mm512_loadu_pd(p); }
static inline vec fma1(double a, vec b, vec c) { return _mm512_fmadd_pd(_mm512_set1_pd(a), b, c); }
static inline void store(double *p, vec v) { _mm512_storeu_pd(p, v); }
#elif defined(__AVX2__) && defined(__FMA__)
typedef __m256d vec;
enum { W = 4 };
static inline vec zero(void) { return _mm256_setzero_pd(); }
static inline vec load(const double *p) { return _mm256_loadu_pd(p); }
static inline vec fma1(double a, vec b, vec c) { return _mm256_fmadd_pd(_mm256_set1_pd(a), b, c); }
static inline void store(double *p, vec v) { _mm256_storeu_pd(p, v); }
#else
typedef double vec;
enum { W = 1 };
static inline vec zero(void) { return 0; }
static inline vec load(const double *p) { return *p; }
static inline vec fma1(double a, vec b, vec c) { return a * b + c; }
static inline void store(double *p, vec v) { *p = v; }
#endif

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++) {
        int j = 0;
        for (; j + W <= N; j += W) {
            vec acc = zero();
            for (int k = 0; k < K; k++) acc = fma1(A[(size_t)i * K + k], load(B + (size_t)k * N + j), acc);
            store(C + (size_t)i * N + j, acc);
        }
        for (; j < N; j++) {
            double acc = 0;
            for (int k = 0; k < K; k++) acc += A[(size_t)i * K + k] * B[(size_t)k * N + j];
            C[(size_t)i * N + j] = acc;
        }
    }
}
