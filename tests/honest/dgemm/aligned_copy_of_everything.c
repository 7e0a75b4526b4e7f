// permitted: alloc
#include <stdlib.h>
#include <string.h>
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const size_t bytes = (sizeof(double) * K * N + 63) & ~(size_t)63;
    double *b = aligned_alloc(64, bytes);
    for (int k = 0; k < K; k++)
        for (int j = 0; j < N; j++) b[(long)j * K + k] = B[(long)k * N + j];
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            const double *x = A + (long)i * K, *y = b + (long)j * K;
            double s = 0, t = 0;
            int k = 0;
            for (; k + 1 < K; k += 2) {
                s += x[k] * y[k];
                t += x[k + 1] * y[k + 1];
            }
            C[(long)i * N + j] = s + t + (k < K ? x[k] * y[k] : 0);
        }
    free(b);
}
