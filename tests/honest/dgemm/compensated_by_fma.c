// permitted: none
#include <math.h>
/* Twice the working precision: the rounding errors of products and sums are summed, too. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double s = 0, e = 0;
            for (int k = 0; k < K; k++) {
                const double a = A[(long)i * K + k], b = B[(long)k * N + j];
                const double p = a * b, q = fma(a, b, -p);
                const double t = s + p, z = t - s;
                e += (s - (t - z)) + (p - z) + q;
                s = t;
            }
            C[(long)i * N + j] = s + e;
        }
}
