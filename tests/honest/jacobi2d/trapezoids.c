// permitted: alloc time_blocking
/* Cache-oblivious: halves in space or in time, until a strip is small. Two grids, chosen by the sweep's parity. */
#include <stdlib.h>
#include <string.h>
struct grids { double *at[2]; int H, W; };

static void base(const struct grids *g, int t0, int t1, int x0, int dx0, int x1, int dx1)
{
    for (int t = t0; t < t1; t++, x0 += dx0, x1 += dx1) {
        const double *restrict p = g->at[t & 1];
        double *restrict q = g->at[(t + 1) & 1];
        for (int i = x0; i < x1; i++)
            for (int j = 1; j < g->W - 1; j++) {
                const size_t k = (size_t)i * g->W + j;
                q[k] = 0.5 * p[k] + 0.125 * (p[k - g->W] + p[k + g->W] + p[k - 1] + p[k + 1]);
            }
    }
}

static void walk(const struct grids *g, int t0, int t1, int x0, int dx0, int x1, int dx1)
{
    const int dt = t1 - t0;
    if (dt <= 1 || x1 - x0 < 4) {
        base(g, t0, t1, x0, dx0, x1, dx1);
    } else if (2 * (x1 - x0) + (dx1 - dx0) * dt >= 4 * dt) {
        const int xm = (2 * (x0 + x1) + (2 + dx0 + dx1) * dt) / 4;
        walk(g, t0, t1, x0, dx0, xm, -1);
        walk(g, t0, t1, xm, -1, x1, dx1);
    } else {
        const int s = dt / 2;
        walk(g, t0, t0 + s, x0, dx0, x1, dx1);
        walk(g, t0 + s, t1, x0 + dx0 * s, dx0, x1 + dx1 * s, dx1);
    }
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t bytes = sizeof(double) * (size_t)H * W;
    double *other = malloc(bytes);
    struct grids g = {{u, other}, H, W};
    if (sweeps & 1) { g.at[0] = other; g.at[1] = u; }
    memcpy(u, u0, bytes);
    memcpy(other, u0, bytes);
    if (H > 2 && W > 2) walk(&g, 0, sweeps, 1, 0, H - 1, 0);
    free(other);
}
