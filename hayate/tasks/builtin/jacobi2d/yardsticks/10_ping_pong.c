// permitted: alloc
#include <stdlib.h>
#include <string.h>

/* Two grids in turn, one sweep after the other, without vector instructions. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *scratch = malloc(n * sizeof(double));
    double *from = sweeps % 2 ? scratch : u, *to = sweeps % 2 ? u : scratch;
    memcpy(from, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(to, from, W * sizeof(double));
        memcpy(to + (size_t)(H - 1) * W, from + (size_t)(H - 1) * W, W * sizeof(double));
        for (int i = 1; i < H - 1; i++) {
            const double *a = from + (size_t)i * W;
            double *b = to + (size_t)i * W;
            b[0] = a[0];
            b[W - 1] = a[W - 1];
            for (int j = 1; j < W - 1; j++)
                b[j] = 0.5 * a[j] + 0.125 * (a[j - W] + a[j + W] + a[j - 1] + a[j + 1]);
        }
        double *t = from;
        from = to;
        to = t;
    }
    free(scratch);
}
