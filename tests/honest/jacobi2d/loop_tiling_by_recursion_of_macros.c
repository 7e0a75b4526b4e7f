// permitted: alloc time_blocking
/* Two sweeps at once over bands of rows that overlap; what lies at an edge is done again. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#define BAND 24
#define POINT(p, k) fma(0.125, ((p)[(k) - W] + (p)[(k) + W]) + ((p)[(k) - 1] + (p)[(k) + 1]), 0.5 * (p)[k])
#define INTERIOR(i) ((i) > 0 && (i) < H - 1)

static void rows(int H, int W, int from, int to, const double *restrict p, int p0, double *restrict q, int q0)
{
    for (int i = from; i < to; i++) {
        const double *restrict in = p + (size_t)(i - p0) * W;
        double *restrict out = q + (size_t)(i - q0) * W;
        if (!INTERIOR(i)) {
            memcpy(out, in, sizeof(double) * W);
            continue;
        }
        out[0] = in[0];
        for (ptrdiff_t j = 1; j < W - 1; j++) out[j] = POINT(in, j);
        if (W > 1) out[W - 1] = in[W - 1];
    }
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    double *between = malloc(sizeof(double) * (BAND + 2) * (size_t)W), *next = malloc(sizeof(double) * (size_t)H * W), *now = malloc(sizeof(double) * (size_t)H * W);
    memcpy(now, u0, sizeof(double) * (size_t)H * W);
    int left = sweeps;
    for (; left >= 2; left -= 2) {
        for (int i = 0; i < H; i += BAND) {
            const int last = i + BAND < H ? i + BAND : H, from = i ? i - 1 : 0, to = last < H ? last + 1 : H;
            rows(H, W, from, to, now, 0, between, from);
            rows(H, W, i, last, between, from, next, 0);
        }
        double *t = now;
        now = next;
        next = t;
    }
    if (left) rows(H, W, 0, H, now, 0, u, 0);
    else memcpy(u, now, sizeof(double) * (size_t)H * W);
    free(between);
    free(next);
    free(now);
}
