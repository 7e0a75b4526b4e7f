// permitted: alloc blocking
#include <stdlib.h>
#include <string.h>
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double));
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        for (int ii = 1; ii < H - 1; ii += 32)
            for (int jj = 1; jj < W - 1; jj += 128)
                for (int i = ii; i < H - 1 && i < ii + 32; i++)
                    for (int j = jj; j < W - 1 && j < jj + 128; j++) {
                        const size_t p = (size_t)i * W + j;
                        u[p] = 0.5 * old[p] + 0.125 * (old[p - W] + old[p + W] + old[p - 1] + old[p + 1]);
                    }
    }
    free(old);
}
