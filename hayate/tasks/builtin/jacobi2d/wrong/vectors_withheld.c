// expect: violation
// why: vector types without permission
// permitted: alloc
#include <stdlib.h>
#include <string.h>

typedef double vec __attribute__((vector_size(64), aligned(8), may_alias));

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double));
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j + 8 < W; j += 8) {
                const double *c = old + (size_t)i * W + j;
                vec t = *(const vec *)(c - W) + *(const vec *)(c + W) + *(const vec *)(c - 1) + *(const vec *)(c + 1);
                *(vec *)(u + (size_t)i * W + j) = 0.5 * *(const vec *)c + 0.125 * t;
            }
    }
    free(old);
}
