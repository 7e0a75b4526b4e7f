// permitted: alloc
#include <stdlib.h>
#include <string.h>
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double));
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        for (int i = H - 2; i > 0; i--)
            for (int j = W - 2; j > 0; j--) {
                const size_t p = (size_t)i * W + j;
                u[p] = 0.125 * ((old[p + 1] + old[p - W]) + (old[p - 1] + old[p + W]) + 4 * old[p]);
            }
    }
    free(old);
}
