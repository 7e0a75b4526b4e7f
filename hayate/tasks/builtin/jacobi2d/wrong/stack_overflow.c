// expect: crashed
// why: asks itself for the value one sweep earlier, without end
#include <string.h>

static double value(const double *u0, int W, long p, int s)
{
    volatile double pad[256];
    pad[s & 255] = u0[p];
    return 0.5 * value(u0, W, p, s + 1) + 0.5 * pad[s & 255];
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    memcpy(u, u0, (size_t)H * W * sizeof(double));
    u[0] = value(u0, W, 0, sweeps);
}
