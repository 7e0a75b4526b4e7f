// permitted: alloc simd threads
/* As a tool for polyhedra leaves it: c0 to c3, bounds by calls of min and max, the copy as a statement of its own. */
#include <stdlib.h>
#include <string.h>
static inline int isl_min(int a, int b) { return a < b ? a : b; }
static inline int isl_max(int a, int b) { return a > b ? a : b; }
#define Stmt_copy(c1, c2) old[(size_t)(c1) * W + (c2)] = u[(size_t)(c1) * W + (c2)]
#define Stmt_for_body(c1, c2) \
    u[(size_t)(c1) * W + (c2)] = 0.5 * old[(size_t)(c1) * W + (c2)] \
        + 0.125 * (old[(size_t)((c1) - 1) * W + (c2)] + old[(size_t)((c1) + 1) * W + (c2)] \
                   + old[(size_t)(c1) * W + (c2) - 1] + old[(size_t)(c1) * W + (c2) + 1])

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    double *old = malloc(sizeof(double) * (size_t)H * W);
    memcpy(u, u0, sizeof(double) * (size_t)H * W);
    for (int c0 = 0; c0 < sweeps; c0 += 1) {
        #pragma omp parallel for collapse(1)
        for (int c1 = 0; c1 < H; c1 += 1)
            #pragma omp simd
            for (int c2 = 0; c2 < W; c2 += 1)
                Stmt_copy(c1, c2);
        #pragma omp parallel for
        for (int c1 = 0; c1 < H; c1 += 32)
            for (int c2 = 0; c2 < W; c2 += 32)
                for (int c3 = isl_max(1, c1); c3 <= isl_min(H - 2, c1 + 31); c3 += 1)
                    #pragma omp simd
                    for (int c4 = isl_max(1, c2); c4 <= isl_min(W - 2, c2 + 31); c4 += 1)
                        Stmt_for_body(c3, c4);
    }
    free(old);
}
