// permitted: alloc
#include <stdlib.h>
#include <string.h>
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *old = malloc(n * sizeof(double)), **rows = malloc(sizeof(double *) * H);
    for (int i = 0; i < H; i++) rows[i] = old + (size_t)i * W;
    memcpy(u, u0, n * sizeof(double));
    for (int s = 0; s < sweeps; s++) {
        memcpy(old, u, n * sizeof(double));
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++)
                u[(size_t)i * W + j] = 0.5 * rows[i][j] + 0.125 * (rows[i - 1][j] + rows[i + 1][j] + rows[i][j - 1] + rows[i][j + 1]);
    }
    free(rows);
    free(old);
}
