// permitted: simd alloc prefetch
#include <stdlib.h>
#include <string.h>
#if defined(__AVX512F__) && !defined(NO_AVX512)
#include <immintrin.h>
#define STEP 8
#define VLOAD(p) _mm512_loadu_pd(p)
#define VSTORE(p, v) _mm512_storeu_pd((p), (v))
#define VADD _mm512_add_pd
#define VMUL _mm512_mul_pd
#define VSET _mm512_set1_pd
typedef __m512d vec;
#elif defined(__AVX__)
#include <immintrin.h>
#define STEP 4
#define VLOAD(p) _mm256_loadu_pd(p)
#define VSTORE(p, v) _mm256_storeu_pd((p), (v))
#define VADD _mm256_add_pd
#define VMUL _mm256_mul_pd
#define VSET _mm256_set1_pd
typedef __m256d vec;
#else
#define STEP 1
#define VLOAD(p) (*(p))
#define VSTORE(p, v) (*(p) = (v))
#define VADD(a, b) ((a) + (b))
#define VMUL(a, b) ((a) * (b))
#define VSET(a) (a)
typedef double vec;
#endif

static void sweep(int H, int W, const double *restrict from, double *restrict to)
{
    const vec half = VSET(0.5), eighth = VSET(0.125);
    for (int i = 1; i < H - 1; i++) {
        const double *p = from + (size_t)i * W;
        double *q = to + (size_t)i * W;
        int j = 1;
        for (; j + STEP <= W - 1; j += STEP) {
            __builtin_prefetch(p + j + 2 * W);
            const vec around = VADD(VADD(VLOAD(p + j - W), VLOAD(p + j + W)), VADD(VLOAD(p + j - 1), VLOAD(p + j + 1)));
            VSTORE(q + j, VADD(VMUL(half, VLOAD(p + j)), VMUL(eighth, around)));
        }
        for (; j < W - 1; j++) q[j] = 0.5 * p[j] + 0.125 * ((p[j - W] + p[j + W]) + (p[j - 1] + p[j + 1]));
    }
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t bytes = sizeof(double) * (size_t)H * W;
    double *other = malloc(bytes), *from = other, *to = u;
    memcpy(other, u0, bytes);
    memcpy(u, u0, bytes);
    for (int s = 0; s < sweeps; s++) {
        sweep(H, W, from, to);
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != u) memcpy(u, from, bytes);
    free(other);
}
