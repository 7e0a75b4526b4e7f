// permitted: alloc
#include <stdlib.h>
#include <string.h>
#include <stddef.h>
enum { RADIUS = 1, SIDE = 2 * RADIUS + 1, POINTS = SIDE * SIDE };
static const double weights[SIDE][SIDE] = {[0] = {[1] = 0.125}, [1] = {0.125, 0.5, 0.125}, [2] = {[1] = 0.125}};
typedef struct { ptrdiff_t offset; double weight; } point;

static __attribute__((noinline, cold)) int points(int W, point list[static POINTS])
{
    int count = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            if (weights[i][j] != 0.0) list[count++] = (point){(ptrdiff_t)(i - RADIUS) * W + j - RADIUS, weights[i][j]};
    return count;
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    point list[POINTS];
    const int count = points(W, list);
    double *old = malloc(sizeof(double) * (size_t)H * W);
    memcpy(u, u0, sizeof(double) * (size_t)H * W);
    while (sweeps --> 0) {
        memcpy(old, u, sizeof(double) * (size_t)H * W);
        for (int i = RADIUS; i < H - RADIUS; i++)
            for (int j = RADIUS; j < W - RADIUS; j++) {
                double sum = 0;
                for (const point *p = list, *_end = list + count; p != _end; ++p) sum += p->weight * old[(ptrdiff_t)i * W + j + p->offset];
                u[(ptrdiff_t)i * W + j] = sum;
            }
    }
    free(old);
}
