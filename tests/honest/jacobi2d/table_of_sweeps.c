// permitted: alloc unrolling
/* A sweep for each width from a list of macros, the general one for all others; chosen once a call. */
#include <stdlib.h>
#include <string.h>
typedef void sweep(int h, int w, const double *restrict p, double *restrict q);
#define WIDTHS(X) X(8) X(16) X(32) X(64)
#define BODY(w_) \
    for (int i = 1; i < h - 1; i++) \
        for (int j = 1; j < (w_)-1; j++) { \
            const long k = (long)i * (w_) + j; \
            q[k] = 0.5 * p[k] + 0.125 * (p[k - (w_)] + p[k + (w_)] + p[k - 1] + p[k + 1]); \
        }
#define SWEEP(n) \
    static __attribute__((flatten)) void sweep_##n(int h, int w, const double *restrict p, double *restrict q) \
    { \
        (void)w; \
        BODY(n) \
    }
WIDTHS(SWEEP)
static void sweep_any(int h, int w, const double *restrict p, double *restrict q) { BODY(w) }

static sweep *chosen(int w)
{
    switch (w) {
#define CASE(n) case n: return sweep_##n;
        WIDTHS(CASE)
#undef CASE
    default: return sweep_any;
    }
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    sweep *const step = chosen(W);
    const size_t bytes = sizeof *u * (size_t)H * W;
    double *other = memcpy(malloc(bytes), u0, bytes), *p = other, *q = memcpy(u, u0, bytes);
    for (int clock = sweeps; clock > 0; clock--) {
        step(H, W, p, q);
        double *was = p;
        p = q, q = was;
    }
    if (p != u) memcpy(u, p, bytes);
    free(other);
}
