// permitted: alloc
#include <stdlib.h>
#include <string.h>
/* The second grid is kept for the next call, and grows. */
static double *kept;
static size_t room;
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    if (n > room) {
        free(kept);
        kept = malloc(n * sizeof(double));
        room = n;
    }
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(kept, u, n * sizeof(double));
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                const size_t p = (size_t)i * W + j;
                u[p] = 0.5 * kept[p] + 0.125 * (kept[p - W] + kept[p + W] + kept[p - 1] + kept[p + 1]);
            }
    }
}
