// permitted: alloc
#include <string.h>

/* In place: the row above is remembered as it was, and the value to the left. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    double above[W];
    memcpy(u, u0, (size_t)H * W * sizeof(double));
    while (sweeps-- > 0) {
        memcpy(above, u, sizeof above);
        for (int i = 1; i < H - 1; i++) {
            double *c = u + (size_t)i * W, left = c[0];
            for (int j = 1; j < W - 1; j++) {
                double self = c[j];
                c[j] = (4.0 * self + above[j] + c[j + W] + left + c[j + 1]) / 8.0;
                above[j] = left = self;
            }
        }
    }
}
