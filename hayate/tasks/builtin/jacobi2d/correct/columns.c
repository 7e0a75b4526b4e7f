// permitted: alloc prefetch
#include <stdlib.h>
#include <string.h>

/* The wrong way round, column by column, with hints; slow and right. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    double *old = calloc((size_t)H * W, sizeof(double));
    memcpy(u, u0, (size_t)H * W * sizeof(double));
    for (int s = 0; s < sweeps; ++s) {
        memcpy(old, u, (size_t)H * W * sizeof(double));
        for (int j = 1; j < W - 1; ++j)
            for (int i = 1; i < H - 1; ++i) {
                double *p = old + (size_t)i * W + j;
                __builtin_prefetch(p + 8 * (size_t)W);
                u[p - old] = 0.125 * p[-W] + 0.125 * p[W] + 0.125 * p[-1] + 0.125 * p[1] + 0.5 * p[0];
            }
    }
    free(old);
}
