// expect: wrong
// why: the edges of the scratch grid are never set, and every second sweep reads them
#include <stdlib.h>
#include <string.h>

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *t = malloc(n * sizeof(double));
    const double *x = u0;
    memcpy(u, u0, n * sizeof(double));
    for (int s = sweeps; s > 0; s--) {
        double *y = s % 2 ? u : t;
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                const double *c = x + (size_t)i * W + j;
                y[(size_t)i * W + j] = 0.5 * c[0] + 0.125 * (c[-W] + c[W] + c[-1] + c[1]);
            }
        x = y;
    }
    free(t);
}
