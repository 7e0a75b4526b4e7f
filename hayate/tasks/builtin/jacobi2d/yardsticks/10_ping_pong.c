// permitted: alloc
#include <stdlib.h>
#include <string.h>

/* Two grids in turn, one whole sweep after the other, without vector instructions. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *scratch = malloc(n * sizeof(double));
    const double *from = u0;
    if (sweeps == 0)
        memcpy(u, u0, n * sizeof(double));
    for (int left = sweeps; left > 0; left--) {
        double *to = left % 2 ? u : scratch;
        for (int i = 0; i < H; i++) {
            const double *c = from + (size_t)i * W;
            double *restrict o = to + (size_t)i * W;
            if (i == 0 || i == H - 1) {
                memcpy(o, c, W * sizeof(double));
                continue;
            }
            o[0] = c[0];
            for (int j = 1; j < W - 1; j++)
                o[j] = 0.5 * c[j] + 0.125 * (c[j - W] + c[j + W] + c[j - 1] + c[j + 1]);
            o[W - 1] = c[W - 1];
        }
        from = to;
    }
    free(scratch);
}
