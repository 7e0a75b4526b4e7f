// expect: wrong
// why: writes the inner points and leaves the edges of u as they were
#include <stdlib.h>
#include <string.h>

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *a = malloc(2 * n * sizeof(double)), *b = a + n, *base = a;
    memcpy(a, u0, n * sizeof(double));
    memcpy(b, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                size_t p = (size_t)i * W + j;
                b[p] = 0.5 * a[p] + 0.125 * (a[p - W] + a[p + W] + a[p - 1] + a[p + 1]);
            }
        double *t = a;
        a = b;
        b = t;
    }
    for (int i = 1; i < H - 1; i++)
        for (int j = 1; j < W - 1; j++)
            u[(size_t)i * W + j] = a[(size_t)i * W + j];
    free(base);
}
