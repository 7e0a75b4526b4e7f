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

enum { SWEEPS = 16, WIDTH = 4160, SHIFT = 7 }; /* with the shift, column 1 of a ring's row is aligned */
static double ring[SWEEPS][3][WIDTH] __attribute__((aligned(64)));

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

/* One pass for all sweeps: sweep s is s rows behind the first. Between two sweeps three rows are kept, in cache. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    if (sweeps == 0)
        memcpy(u, u0, (size_t)H * W * sizeof(double));
    for (int head = 0; head < H + sweeps; head++)
        for (int s = 0; s < sweeps; s++) {
            int i = head - s;
            if (i < 0 || i >= H)
                continue;
            double(*k)[WIDTH] = ring[s];
            const double *c = s ? k[i % 3] + SHIFT : u0 + (size_t)i * W;
            const double *north = s ? k[(i + 2) % 3] + SHIFT : c - W;
            const double *south = s ? k[(i + 1) % 3] + SHIFT : c + W;
            double *o = s + 1 == sweeps ? u + (size_t)i * W : ring[s + 1][i % 3] + SHIFT;
            row(W, i == 0 || i == H - 1, north, c, south, o);
        }
}
