// permitted: simd register_blocking unrolling loop_order
/* The teaching series: registers, pointers, a union of a vector and its numbers. */
#include <immintrin.h>
#define A(i, j) a[(long)(i) * lda + (j)]
#define B(i, j) b[(long)(i) * ldb + (j)]
#define C(i, j) c[(long)(i) * ldc + (j)]
typedef union {
    __m128d v;
    double d[2];
} v2df_t;

static void AddDot4x4(int k, const double *a, int lda, const double *b, int ldb, double *c, int ldc)
{
    int p;
    v2df_t c_0_vreg[4], c_1_vreg[4], b_0_vreg, b_1_vreg, a_vreg;
    register const double *a_0_pntr = &A(0, 0), *a_1_pntr = &A(1, 0), *a_2_pntr = &A(2, 0), *a_3_pntr = &A(3, 0);
    for (p = 0; p < 4; p++) c_0_vreg[p].v = c_1_vreg[p].v = _mm_setzero_pd();
    for (p = 0; p < k; p++) {
        b_0_vreg.v = _mm_loadu_pd(&B(p, 0));
        b_1_vreg.v = _mm_loadu_pd(&B(p, 2));
        const double *pointers[] = {a_0_pntr++, a_1_pntr++, a_2_pntr++, a_3_pntr++};
        for (int r = 0; r < 4; r++) {
            a_vreg.v = _mm_loaddup_pd(pointers[r]);
            c_0_vreg[r].v = _mm_add_pd(c_0_vreg[r].v, _mm_mul_pd(a_vreg.v, b_0_vreg.v));
            c_1_vreg[r].v = _mm_add_pd(c_1_vreg[r].v, _mm_mul_pd(a_vreg.v, b_1_vreg.v));
        }
    }
    for (int r = 0; r < 4; r++) {
        C(r, 0) = c_0_vreg[r].d[0];
        C(r, 1) = c_0_vreg[r].d[1];
        C(r, 2) = c_1_vreg[r].d[0];
        C(r, 3) = c_1_vreg[r].d[1];
    }
}

static void AddDot(int k, const double *x, int incx, const double *y, int incy, double *gamma)
{
    *gamma = 0.0;
    for (int p = 0; p < k; p++) *gamma += x[(long)p * incx] * y[(long)p * incy];
}

static void MY_MMult(int m, int n, int k, const double *a, int lda, const double *b, int ldb, double *c, int ldc)
{
    const int m4 = m & ~3, n4 = n & ~3;
    for (int i = 0; i < m4; i += 4)
        for (int j = 0; j < n4; j += 4) AddDot4x4(k, &A(i, 0), lda, &B(0, j), ldb, &C(i, j), ldc);
    for (int i = 0; i < m; i++)
        for (int j = i < m4 ? n4 : 0; j < n; j++) AddDot(k, &A(i, 0), 1, &B(0, j), ldb, &C(i, j));
}
#undef A
#undef B
#undef C

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    MY_MMult(M, N, K, A, K, B, N, C, N);
}
