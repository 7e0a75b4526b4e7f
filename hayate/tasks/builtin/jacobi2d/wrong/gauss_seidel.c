// expect: wrong
// why: sweeps in place, so that north and west are already new
#include <stdlib.h>
#include <string.h>

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    memcpy(u, u0, (size_t)H * W * sizeof(double));
    for (int s = 0; s < sweeps; s++)
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                double *c = u + (size_t)i * W + j;
                *c = 0.5 * c[0] + 0.125 * (c[-W] + c[W] + c[-1] + c[1]);
            }
}
