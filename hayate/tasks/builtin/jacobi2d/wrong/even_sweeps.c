// expect: wrong
// why: swaps pointers and forgets that after an odd number of sweeps the result is in scratch
#include <stdlib.h>
#include <string.h>

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *t = malloc(n * sizeof(double)), *x = u, *y = t;
    memcpy(u, u0, n * sizeof(double));
    memcpy(t, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                const double *c = x + (size_t)i * W + j;
                y[(size_t)i * W + j] = 0.5 * c[0] + 0.125 * (c[-W] + c[W] + c[-1] + c[1]);
            }
        double *z = x;
        x = y;
        y = z;
    }
    free(t);
}
