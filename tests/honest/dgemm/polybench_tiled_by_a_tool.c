// permitted: simd threads blocking loop_order
/* As Pluto writes it: loops over t1 to t6, floord and ceild, a parallel outer loop, a hint for the vectoriser. */
#include <math.h>
#include <string.h>
#define S1(zT0, zT1, i, j) C[(long)(i) * N + (j)] = 0.0;
#define S2(zT0, zT1, zT2, i, k, j) C[(long)(i) * N + (j)] += A[(long)(i) * K + (k)] * B[(long)(k) * N + (j)];
#define ceild(n, d) (((n) < 0) ? -((-(n)) / (d)) : ((n) + (d) - 1) / (d))
#define floord(n, d) (((n) < 0) ? -((-(n) + (d) - 1) / (d)) : (n) / (d))
#define max(x, y) ((x) > (y) ? (x) : (y))
#define min(x, y) ((x) < (y) ? (x) : (y))

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    int t1, t2, t3, t4, t5, t6;
    int lbp, ubp;
    register int lbv, ubv;
    if ((M >= 1) && (N >= 1)) {
        lbp = 0;
        ubp = floord(M - 1, 32);
#pragma omp parallel for private(lbv, ubv, t2, t3, t4, t5, t6)
        for (t1 = lbp; t1 <= ubp; t1++) {
            for (t4 = 32 * t1; t4 <= min(M - 1, 32 * t1 + 31); t4++)
                for (t6 = 0; t6 <= N - 1; t6++) { S1(t1, 0, t4, t6); }
            for (t2 = 0; t2 <= floord(N - 1, 32); t2++) {
                for (t3 = 0; t3 <= floord(K - 1, 32); t3++) {
                    for (t4 = 32 * t1; t4 <= min(M - 1, 32 * t1 + 31); t4++) {
                        for (t5 = 32 * t3; t5 <= min(K - 1, 32 * t3 + 31); t5++) {
                            lbv = 32 * t2;
                            ubv = min(N - 1, 32 * t2 + 31);
#pragma ivdep
#pragma vector always
                            for (t6 = lbv; t6 <= ubv; t6++) { S2(t1, t2, t3, t4, t5, t6); }
                        }
                    }
                }
            }
        }
    }
}
