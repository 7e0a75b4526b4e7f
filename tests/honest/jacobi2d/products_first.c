// permitted: alloc
#include <stdlib.h>
#include <string.h>
#include <math.h>
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double));
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                const size_t p = (size_t)i * W + j;
                u[p] = fma(0.5, old[p], fma(0.125, old[p - W], fma(0.125, old[p + W], fma(0.125, old[p - 1], 0.125 * old[p + 1]))));
            }
    }
    free(old);
}
