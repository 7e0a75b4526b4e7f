// permitted: alloc
#include <stdlib.h>
#include <string.h>
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *other = malloc(n * sizeof(double)), *from = sweeps % 2 ? other : u, *to = sweeps % 2 ? u : other;
    memcpy(u, u0, n * sizeof(double));
    memcpy(other, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                const size_t p = (size_t)i * W + j;
                to[p] = 0.5 * from[p] + 0.125 * (from[p - W] + from[p + W] + from[p - 1] + from[p + 1]);
            }
        double *swap = from;
        from = to;
        to = swap;
    }
    free(other);
}
