// permitted: alloc
#include <stdlib.h>
#include <string.h>
static void rows(int first, int last, int W, const double *old, double *u)
{
    if (last - first > 16) {
        const int middle = (first + last) / 2;
        rows(first, middle, W, old, u);
        rows(middle, last, W, old, u);
        return;
    }
    for (int i = first; i < last; i++)
        for (int j = 1; j < W - 1; j++) {
            const size_t p = (size_t)i * W + j;
            u[p] = 0.5 * old[p] + 0.125 * (old[p - W] + old[p + W] + old[p - 1] + old[p + 1]);
        }
}
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double));
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        if (H > 2) rows(1, H - 1, W, old, u);
    }
    free(old);
}
