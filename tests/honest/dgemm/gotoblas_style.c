// permitted: alloc packing blocking register_blocking unrolling simd prefetch
/* In the manner of GotoBLAS: GEMM_P, GEMM_Q, GEMM_R, copy routines of a width each, a kernel of 4 x 4, beta first. */
#include <stdlib.h>
#include <string.h>
#ifdef DYNAMIC_ARCH
#include "common.h"
#endif
#ifndef GEMM_P
#define GEMM_P 128
#define GEMM_Q 256
#define GEMM_R 512
#endif
#define GEMM_UNROLL_M 4
#define GEMM_UNROLL_N 4
#define FLOAT double
#define ZERO 0.0
#define BLASLONG long
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#if defined(__x86_64__) || defined(__i386__)
#define PREFETCHW(x) __builtin_prefetch((x), 1, 3)
#elif defined(__aarch64__)
#define PREFETCHW(x) __asm__ volatile("prfm pstl1keep, [%0]" ::"r"(x))
#else
#define PREFETCHW(x)
#endif

static int BETA(BLASLONG m, BLASLONG n, FLOAT *c, BLASLONG ldc)
{
    BLASLONG i, j;
    for (i = 0; i < m; i++)
        for (j = 0; j < n; j++) *(c + i * ldc + j) = ZERO;
    return 0;
}

static int ICOPY(BLASLONG m, BLASLONG k, const FLOAT *a, BLASLONG lda, FLOAT *b)
{
    BLASLONG i, l, r;
    const FLOAT *a_offset = a;
    FLOAT *b_offset = b;
    for (i = 0; i < m; i += GEMM_UNROLL_M) {
        for (l = 0; l < k; l++)
            for (r = 0; r < GEMM_UNROLL_M; r++) *b_offset++ = i + r < m ? *(a_offset + (i + r) * lda + l) : ZERO;
    }
    return 0;
}

static int OCOPY(BLASLONG k, BLASLONG n, const FLOAT *a, BLASLONG lda, FLOAT *b)
{
    BLASLONG j, l, r;
    for (j = 0; j < n; j += GEMM_UNROLL_N)
        for (l = 0; l < k; l++)
            for (r = 0; r < GEMM_UNROLL_N; r++) *b++ = j + r < n ? a[l * lda + j + r] : ZERO;
    return 0;
}

static int KERNEL(BLASLONG bm, BLASLONG bn, BLASLONG bk, FLOAT *ba, FLOAT *bb, FLOAT *C, BLASLONG ldc)
{
    BLASLONG i, j, k, r, s;
    for (j = 0; j < bn; j += GEMM_UNROLL_N)
        for (i = 0; i < bm; i += GEMM_UNROLL_M) {
            FLOAT res[GEMM_UNROLL_M][GEMM_UNROLL_N] = {{ZERO}};
            const FLOAT *ptrba = ba + i * bk, *ptrbb = bb + j * bk;
            PREFETCHW(C + i * ldc + j);
            for (k = 0; k < bk; k++, ptrba += GEMM_UNROLL_M, ptrbb += GEMM_UNROLL_N) {
                const FLOAT load0 = ptrba[0], load1 = ptrba[1], load2 = ptrba[2], load3 = ptrba[3];
                for (s = 0; s < GEMM_UNROLL_N; s++) {
                    res[0][s] = res[0][s] + load0 * ptrbb[s];
                    res[1][s] = res[1][s] + load1 * ptrbb[s];
                    res[2][s] = res[2][s] + load2 * ptrbb[s];
                    res[3][s] = res[3][s] + load3 * ptrbb[s];
                }
            }
            for (r = 0; r < MIN(GEMM_UNROLL_M, bm - i); r++)
                for (s = 0; s < MIN(GEMM_UNROLL_N, bn - j); s++) C[(i + r) * ldc + j + s] += res[r][s];
        }
    return 0;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    BLASLONG ls, is, js, min_l, min_i, min_j;
    FLOAT *sa = (FLOAT *)malloc(sizeof(FLOAT) * (GEMM_P + 4) * GEMM_Q), *sb = (FLOAT *)malloc(sizeof(FLOAT) * GEMM_Q * (GEMM_R + 4));
    BETA(M, N, C, N);
    for (js = 0; js < N; js += GEMM_R) {
        min_j = MIN(N - js, GEMM_R);
        for (ls = 0; ls < K; ls += min_l) {
            min_l = K - ls;
            if (min_l >= GEMM_Q * 2) min_l = GEMM_Q;
            else if (min_l > GEMM_Q) min_l = (min_l / 2 + GEMM_UNROLL_M - 1) / GEMM_UNROLL_M * GEMM_UNROLL_M;
            OCOPY(min_l, min_j, B + ls * N + js, N, sb);
            for (is = 0; is < M; is += GEMM_P) {
                min_i = MIN(M - is, GEMM_P);
                ICOPY(min_i, min_l, A + is * K + ls, K, sa);
                KERNEL(min_i, min_j, min_l, sa, sb, C + is * N + js, N);
            }
        }
    }
    free(sa);
    free(sb);
}
