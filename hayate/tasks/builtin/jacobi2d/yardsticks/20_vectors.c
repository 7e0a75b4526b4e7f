// permitted: simd alloc
#include <stdlib.h>
#include <string.h>

#if defined __AVX512F__
enum { VL = 8 };
#elif defined __AVX__
enum { VL = 4 };
#else
enum { VL = 2 };
#endif
typedef double vec __attribute__((vector_size(8 * VL), aligned(8), may_alias));
#define LOAD(p) (*(const vec *)(p))
#define STORE(p, x) (*(vec *)(p) = (x))

static double *scratch; /* kept, so that its pages are there in the next call */
static size_t capacity;

/* One row of one sweep; an edge row is copied. */
static void row(int W, int edge, const double *n, const double *c, const double *s, double *restrict o)
{
    int j = 1;
    if (edge) {
        memcpy(o, c, W * sizeof(double));
        return;
    }
    o[0] = c[0];
    for (; j + VL < W; j += VL)
        STORE(o + j, 0.5 * LOAD(c + j) + 0.125 * (LOAD(n + j) + LOAD(s + j) + LOAD(c + j - 1) + LOAD(c + j + 1)));
    for (; j < W - 1; j++)
        o[j] = 0.5 * c[j] + 0.125 * (n[j] + s[j] + c[j - 1] + c[j + 1]);
    o[W - 1] = c[W - 1];
}

/* Two grids in turn, one whole sweep after the other, with vectors. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    if (capacity < n) { /* with room, so that later calls near this one meet few new pages */
        free(scratch);
        capacity = 2 * n;
        scratch = malloc(capacity * sizeof(double));
    }
    const double *from = u0;
    if (sweeps == 0)
        memcpy(u, u0, n * sizeof(double));
    for (int left = sweeps; left > 0; left--) {
        double *to = left % 2 ? u : scratch;
        for (int i = 0; i < H; i++) {
            const double *c = from + (size_t)i * W;
            row(W, i == 0 || i == H - 1, c - W, c, c + W, to + (size_t)i * W);
        }
        from = to;
    }
}
