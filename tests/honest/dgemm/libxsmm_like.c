// permitted: simd alloc
/* A dispatcher of kernels of fixed size, by descriptors and a table; options of a build that isn't there. */
#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>
#if defined(LIBXSMM_OFFLOAD_TARGET)
#pragma offload_attribute(push, target(LIBXSMM_OFFLOAD_TARGET))
#endif
#define LIBXSMM_RESTRICT restrict
#define LIBXSMM_UNLIKELY(e) __builtin_expect(!!(e), 0)
#define LIBXSMM_ALIGNED(d, a) d __attribute__((aligned(a)))
#define LIBXSMM_CONCATENATE2(a, b) a##b
#define LIBXSMM_CONCATENATE(a, b) LIBXSMM_CONCATENATE2(a, b)
#define LIBXSMM_PRAGMA(d) _Pragma(#d)
#define LIBXSMM_PRAGMA_SIMD LIBXSMM_PRAGMA(omp simd)
typedef void (*kernel_t)(const double *, const double *, double *, size_t, size_t, size_t, size_t);
typedef struct { uint8_t m, n; kernel_t call; } descriptor;

#define SMALL(m, n) \
    static void LIBXSMM_CONCATENATE(LIBXSMM_CONCATENATE(small_, m), LIBXSMM_CONCATENATE(_, n))( \
        const double *LIBXSMM_RESTRICT a, const double *LIBXSMM_RESTRICT b, double *LIBXSMM_RESTRICT c, size_t k, size_t lda, size_t ldb, size_t ldc) \
    { \
        LIBXSMM_ALIGNED(double acc[m][n], 64) = {{0}}; \
        for (size_t l = 0; l < k; ++l) \
            for (int i = 0; i < m; ++i) { \
                LIBXSMM_PRAGMA_SIMD \
                for (int j = 0; j < n; ++j) acc[i][j] += a[i * lda + l] * b[l * ldb + j]; \
            } \
        for (int i = 0; i < m; ++i) \
            for (int j = 0; j < n; ++j) c[i * ldc + j] = acc[i][j]; \
    }
SMALL(4, 8)
SMALL(1, 8)
SMALL(4, 1)
SMALL(1, 1)
static const descriptor registry[] = {{4, 8, small_4_8}, {1, 8, small_1_8}, {4, 1, small_4_1}, {1, 1, small_1_1}};

static const descriptor *dispatch(int m, int n)
{
    for (const descriptor *d = registry, *_end = registry + sizeof registry / sizeof *registry; d != _end; ++d)
        if (d->m <= m && d->n <= n) return d;
    abs(m);
    return NULL;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0, mi; i < M; i += mi) {
        mi = M - i >= 4 ? 4 : 1;
        for (int j = 0; j < N;) {
            const descriptor *d = dispatch(mi, N - j);
            if (LIBXSMM_UNLIKELY(!d || d->m != mi)) __builtin_trap();
            d->call(A + (size_t)i * K, B + j, C + (size_t)i * N + j, K, K, N, N);
            j += d->n;
        }
    }
}
#if defined(LIBXSMM_OFFLOAD_TARGET)
#pragma offload_attribute(pop)
#endif
