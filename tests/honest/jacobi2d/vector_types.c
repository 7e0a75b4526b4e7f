// permitted: alloc simd
#include <stdlib.h>
#include <string.h>
typedef double vec __attribute__((vector_size(64), aligned(8), may_alias));
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double));
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        for (int i = 1; i < H - 1; i++) {
            int j = 1;
            for (; j + 8 <= W - 1; j += 8) {
                const double *p = old + (size_t)i * W + j;
                *(vec *)(u + (size_t)i * W + j) =
                    0.5 * *(vec *)p + 0.125 * (*(vec *)(p - W) + *(vec *)(p + W) + *(vec *)(p - 1) + *(vec *)(p + 1));
            }
            for (; j < W - 1; j++) {
                const size_t p = (size_t)i * W + j;
                u[p] = 0.5 * old[p] + 0.125 * (old[p - W] + old[p + W] + old[p - 1] + old[p + 1]);
            }
        }
    }
    free(old);
}
