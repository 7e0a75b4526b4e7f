// permitted: alloc
#include <string.h>
/* In place: the row before the present one, and the present one, as they were. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    memcpy(u, u0, sizeof(double) * H * W);
    double above[W], here[W];
    for (int s = 0; s < sweeps; s++) {
        memcpy(above, u, sizeof above);
        for (int i = 1; i < H - 1; i++) {
            double *r = u + (long)i * W;
            memcpy(here, r, sizeof here);
            for (int j = 1; j < W - 1; j++) r[j] = 0.5 * here[j] + 0.125 * (above[j] + r[W + j] + here[j - 1] + here[j + 1]);
            memcpy(above, here, sizeof above);
        }
    }
}
