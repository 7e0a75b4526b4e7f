// permitted: simd threads
/* In the manner of a tuned inference library: jobs by thread number, tiles of m x n, attributes on everything. */
#include <stdbool.h>
#include <stdint.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__clang__)
#define NOINLINE __attribute__((__noinline__))
#elif defined(__GNUC__)
#define NOINLINE __attribute__((__noinline__, __noclone__))
#endif
#define BEGIN_KERNEL(RM, RN) \
    int64_t ytiles = (m - m0) / RM; \
    int64_t xtiles = (n - n0) / RN; \
    int64_t tiles = ytiles * xtiles; \
    int64_t duty = (tiles + t->nth - 1) / t->nth; \
    int64_t start = duty * t->ith; \
    int64_t end = start + duty; \
    if (end > tiles) end = tiles; \
    for (int64_t job = start; job < end; ++job) { \
        int64_t i = m0 + job / xtiles * RM; \
        int64_t j = n0 + job % xtiles * RN;
#define END_KERNEL() }

struct tinyBLAS { const double *A, *B; double *C; int64_t k, lda, ldb, ldc; int ith, nth; };

#define KERNEL(RM, RN) \
    static NOINLINE void gemm##RM##x##RN(const struct tinyBLAS *t, int64_t m0, int64_t m, int64_t n0, int64_t n) \
    { \
        BEGIN_KERNEL(RM, RN) \
        double Cv[RM][RN] = {{0}}; \
        for (int64_t l = 0; l < t->k; ++l) \
            for (int64_t x = 0; x < RM; ++x) \
                for (int64_t y = 0; y < RN; ++y) Cv[x][y] += t->A[t->lda * (i + x) + l] * t->B[t->ldb * l + j + y]; \
        for (int64_t x = 0; x < RM; ++x) \
            for (int64_t y = 0; y < RN; ++y) t->C[t->ldc * (i + x) + j + y] = Cv[x][y]; \
        END_KERNEL() \
    }
KERNEL(4, 4)
KERNEL(4, 1)
KERNEL(1, 4)
KERNEL(1, 1)

static void mnpack(const struct tinyBLAS *t, int64_t m0, int64_t m, int64_t n0, int64_t n)
{
    int64_t mc, nc, mp, np;
    if (m - m0 <= 0 || n - n0 <= 0) return;
    switch ((m - m0 < 4 ? 1 : 4) << 4 | (n - n0 < 4 ? 1 : 4)) {
    case 0x44: mc = 4; nc = 4; gemm4x4(t, m0, m, n0, n); break;
    case 0x41: mc = 4; nc = 1; gemm4x1(t, m0, m, n0, n); break;
    case 0x14: mc = 1; nc = 4; gemm1x4(t, m0, m, n0, n); break;
    case 0x11: mc = 1; nc = 1; gemm1x1(t, m0, m, n0, n); break;
    default: __builtin_unreachable();
    }
    mp = m0 + (m - m0) / mc * mc;
    np = n0 + (n - n0) / nc * nc;
    mnpack(t, mp, m, n0, np);
    mnpack(t, m0, m, np, n);
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
#pragma omp parallel
    {
        int ith = 0, nth = 1;
#ifdef _OPENMP
        ith = omp_get_thread_num();
        nth = omp_get_num_threads();
#endif
        const struct tinyBLAS tb = {A, B, C, K, K, N, N, ith, nth};
        mnpack(&tb, 0, M, 0, N);
    }
}
