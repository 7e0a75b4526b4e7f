// permitted: alloc
#include <stdlib.h>
#include <string.h>

/* Cache-oblivious: trapezoids in (time, row), cut in space while wide and in time otherwise. */
static int W, H;
static double *grid[2];

static void walk(int t0, int t1, int x0, int dx0, int x1, int dx1)
{
    int t = t1 - t0;
    if (t == 1) {
        const double *from = grid[t0 % 2];
        double *to = grid[(t0 + 1) % 2];
        for (int i = x0; i < x1; i++) {
            const double *c = from + (size_t)i * W;
            double *o = to + (size_t)i * W;
            for (int j = 1; j < W - 1; j++)
                o[j] = 0.5 * c[j] + 0.125 * (c[j - W] + c[j + W] + c[j - 1] + c[j + 1]);
        }
    } else if (t > 1) {
        if (2 * (x1 - x0) + (dx1 - dx0) * t >= 4 * t) {
            int mid = (2 * (x0 + x1) + (2 + dx0 + dx1) * t) / 4;
            walk(t0, t1, x0, dx0, mid, -1);
            walk(t0, t1, mid, -1, x1, dx1);
        } else {
            int h = t / 2;
            walk(t0, t0 + h, x0, dx0, x1, dx1);
            walk(t0 + h, t1, x0 + dx0 * h, dx0, x1 + dx1 * h, dx1);
        }
    }
}

void jacobi2d(int h, int w, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t bytes = (size_t)h * w * sizeof(double);
    double *scratch = malloc(bytes);
    H = h;
    W = w;
    grid[sweeps % 2] = u;
    grid[1 - sweeps % 2] = scratch;
    memcpy(u, u0, bytes);
    memcpy(scratch, u0, bytes);
    if (H > 2 && W > 2)
        walk(0, sweeps, 1, 0, H - 1, 0);
    free(scratch);
}
