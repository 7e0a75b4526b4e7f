// permitted: simd alloc
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

#ifdef __AVX2__ /* below, such a function would be wider than the level that kernels are compiled for */
__attribute__((target("avx2,fma")))
#endif
static void row(int W, const double *n, const double *c, const double *s, double *o)
{
    int j = 1;
#ifdef __AVX2__
    const __m256d half = _mm256_set1_pd(0.5), eighth = _mm256_set1_pd(0.125);
    for (; j + 4 < W; j += 4) {
        __m256d t = _mm256_add_pd(_mm256_loadu_pd(n + j), _mm256_loadu_pd(s + j));
        t = _mm256_add_pd(t, _mm256_add_pd(_mm256_loadu_pd(c + j - 1), _mm256_loadu_pd(c + j + 1)));
        t = _mm256_fmadd_pd(half, _mm256_loadu_pd(c + j), _mm256_mul_pd(eighth, t));
        _mm256_storeu_pd(o + j, t);
    }
#endif
    for (; j < W - 1; j++)
        o[j] = 0.5 * c[j] + 0.125 * (n[j] + s[j] + c[j - 1] + c[j + 1]);
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t bytes = (size_t)H * W * sizeof(double);
    double *a = malloc(bytes), *b = malloc(bytes);
    if (!a || !b)
        return;
    memcpy(a, u0, bytes);
    memcpy(b, u0, bytes);
    for (int k = 0; k < sweeps; k++) {
        for (int i = 1; i < H - 1; i++) {
            const double *c = a + (size_t)i * W;
            row(W, c - W, c, c + W, b + (size_t)i * W);
        }
        double *t = a;
        a = b;
        b = t;
    }
    memcpy(u, a, bytes);
    free(a);
    free(b);
}
