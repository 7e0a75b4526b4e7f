// permitted: alloc
/* In place: only two old rows are kept. */
#include <stdlib.h>
#include <string.h>
#define SWAP(T, a, b) do { T swap_ = (a); (a) = (b); (b) = swap_; } while (0)

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    memcpy(u, u0, sizeof(double) * H * W);
    double *above = malloc(sizeof *above * W), *here = malloc(sizeof *here * W);
    if (!above || !here) goto out;
    for (int time = 0; time < sweeps; time++) {
        memcpy(above, u, sizeof(double) * W);
        for (int i = 1; i < H - 1; i++) {
            double *restrict row = u + (size_t)i * W;
            memcpy(here, row, sizeof(double) * W);
            for (int j = 1; j < W - 1; j++)
                row[j] = 0.5 * here[j] + 0.125 * (above[j] + row[j + W] + here[j - 1] + here[j + 1]);
            SWAP(double *, above, here);
        }
    }
out:
    free(above);
    free(here);
}
