// permitted: simd alloc blocking
/* Folded vectors, a padded grid with a halo, blocks by macros. */
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <stdalign.h>
#define VLEN 4
#define HALO 1
#define ROUND_UP(n, mult) (((n) + (mult)-1) / (mult) * (mult))
#define LIKELY(x) __builtin_expect(!!(x), 1)
typedef int64_t idx_t;
typedef double real_vec_t __attribute__((vector_size(VLEN * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef struct { idx_t rows, columns, pitch; double *elems; } grid_t;

static inline double *at(const grid_t *g, idx_t i, idx_t j) { return g->elems + (i + HALO) * g->pitch + j + VLEN; }

static int allocate(grid_t *g, idx_t rows, idx_t columns)
{
    g->rows = rows;
    g->columns = columns;
    g->pitch = ROUND_UP(columns + 2 * VLEN, VLEN);
    g->elems = aligned_alloc(64, ROUND_UP(sizeof(double) * (size_t)((rows + 2 * HALO) * g->pitch), 64));
    return g->elems != NULL;
}

static __attribute__((noinline)) void block(const grid_t *restrict in, const grid_t *restrict out, idx_t i0, idx_t i1)
{
    for (idx_t i = i0; i < i1; i++) {
        idx_t j = 1;
        for (; LIKELY(j + VLEN <= in->columns - 1); j += VLEN) {
#define V(di, dj) (*(const real_vec_t *)at(in, i + (di), j + (dj)))
            *(real_vec_t *)at(out, i, j) = 0.5 * V(0, 0) + 0.125 * (V(-1, 0) + V(1, 0) + V(0, -1) + V(0, 1));
#undef V
        }
        for (; j < in->columns - 1; j++)
            *at(out, i, j) = 0.5 * *at(in, i, j) + 0.125 * (*at(in, i - 1, j) + *at(in, i + 1, j) + *at(in, i, j - 1) + *at(in, i, j + 1));
    }
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    grid_t g[2] = {{0}};
    if (!allocate(&g[0], H, W) || !allocate(&g[1], H, W)) __builtin_trap();
    for (int n = 0; n < 2; n++)
        for (int i = 0; i < H; i++) memcpy(at(&g[n], i, 0), u0 + (size_t)i * W, sizeof(double) * W);
    for (int t = 0; t < sweeps; t++)
        for (idx_t i = 1; i < H - 1; i += 16) block(&g[t % 2], &g[(t + 1) % 2], i, i + 16 < H - 1 ? i + 16 : H - 1);
    for (int i = 0; i < H; i++) memcpy(u + (size_t)i * W, at(&g[sweeps % 2], i, 0), sizeof(double) * W);
    free(g[0].elems);
    free(g[1].elems);
}
