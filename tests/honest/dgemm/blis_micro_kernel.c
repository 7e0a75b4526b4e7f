// permitted: simd alloc prefetch packing blocking register_blocking
/* In the manner of BLIS: five loops around a micro-kernel, packed panels, edges through a small tile. */
#include <stdlib.h>
#include <string.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define BLIS_INLINE static inline __attribute__((always_inline))
#define BLIS_LIKELY(x) __builtin_expect(!!(x), 1)
#elif defined(_MSC_VER)
#include <intrin.h>
#pragma warning(disable : 4996)
#define BLIS_INLINE static __forceinline
#define BLIS_LIKELY(x) (x)
#endif

#ifdef __AVX512F__
#define NR 16
#else
#define NR 8
#endif
#define MR 4
#define MC 64
#define KC 128
#define NC 512

typedef int64_t dim_t;
typedef int64_t inc_t;
typedef struct auxinfo_s { const double *a_next; const double *b_next; } auxinfo_t;

BLIS_INLINE dim_t min_dim(dim_t a, dim_t b) { return a < b ? a : b; }

static void packm_a(dim_t m, dim_t k, const double *restrict a, inc_t rs_a, double *restrict p)
{
    for (dim_t i = 0; i < m; i += MR)
        for (dim_t l = 0; l < k; ++l)
            for (dim_t ii = 0; ii < MR; ++ii)
                *p++ = BLIS_LIKELY(i + ii < m) ? a[(i + ii) * rs_a + l] : 0.0;
}

static void packm_b(dim_t k, dim_t n, const double *restrict b, inc_t rs_b, double *restrict p)
{
    for (dim_t j = 0; j < n; j += NR)
        for (dim_t l = 0; l < k; ++l)
            for (dim_t jj = 0; jj < NR; ++jj)
                *p++ = BLIS_LIKELY(j + jj < n) ? b[l * rs_b + j + jj] : 0.0;
}

static void __attribute__((hot)) ukernel(dim_t k, const double *restrict a, const double *restrict b,
                                         double *restrict ab, const auxinfo_t *restrict data)
{
    double c[MR * NR] = {0};
    __builtin_prefetch(data->a_next, 0, 3);
    __builtin_prefetch(data->b_next, 0, 1);
    for (dim_t l = 0; l < k; ++l, a += MR, b += NR)
        for (dim_t i = 0; i < MR; ++i)
            for (dim_t j = 0; j < NR; ++j) c[i * NR + j] += a[i] * b[j];
    memcpy(ab, c, sizeof c);
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    double *pa = NULL, *pb = NULL;
    memset(C, 0, sizeof(double) * (size_t)M * (size_t)N);
    if (posix_memalign((void **)&pa, 64, sizeof(double) * (MC + MR) * KC)) return;
    if (posix_memalign((void **)&pb, 64, sizeof(double) * KC * (NC + NR))) { free(pa); return; }
    for (dim_t jc = 0; jc < N; jc += NC) {
        const dim_t nc = min_dim(NC, N - jc);
        for (dim_t pc = 0; pc < K; pc += KC) {
            const dim_t kc = min_dim(KC, K - pc);
            packm_b(kc, nc, B + pc * N + jc, N, pb);
            for (dim_t ic = 0; ic < M; ic += MC) {
                const dim_t mc = min_dim(MC, M - ic);
                packm_a(mc, kc, A + ic * K + pc, K, pa);
                for (dim_t jr = 0; jr < nc; jr += NR)
                    for (dim_t ir = 0; ir < mc; ir += MR) {
                        double ab[MR * NR];
                        auxinfo_t aux = {.a_next = pa + (ir + MR) * kc, .b_next = pb + jr * kc};
                        ukernel(kc, pa + ir * kc, pb + jr * kc, ab, &aux);
                        for (dim_t i = 0; i < min_dim(MR, mc - ir); ++i)
                            for (dim_t j = 0; j < min_dim(NR, nc - jr); ++j)
                                C[(ic + ir + i) * N + jc + jr + j] += ab[i * NR + j];
                    }
            }
        }
    }
    free(pa);
    free(pb);
}
