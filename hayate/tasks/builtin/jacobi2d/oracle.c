#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* `sweeps` sweeps of n = H * W values, computed in long double. */
static void sweep_all(int H, int W, int sweeps, const double *x, int absolute, double *result)
{
    size_t n = (size_t)H * W;
    long double *a = malloc(2 * n * sizeof(long double)), *b = a + n;
    for (size_t p = 0; p < n; p++)
        a[p] = b[p] = absolute ? fabs(x[p]) : x[p];
    for (int s = 0; s < sweeps; s++) {
        for (int i = 1; i < H - 1; i++)
            for (int j = 1; j < W - 1; j++) {
                size_t p = (size_t)i * W + j;
                b[p] = 0.5L * a[p] + 0.125L * (a[p - W] + a[p + W] + a[p - 1] + a[p + 1]);
            }
        long double *t = a;
        a = b;
        b = t;
    }
    for (size_t p = 0; p < n; p++)
        result[p] = (double)a[p];
    free(a < b ? a : b);
}

/* Weights are positive and add up to one, so the stencil of |u0| bounds the sums of magnitudes in every output. */
void jacobi2d_exact(int H, int W, int sweeps, const double *u0, double *exact, double *scale)
{
    sweep_all(H, W, sweeps, u0, 0, exact);
    sweep_all(H, W, sweeps, u0, 1, scale);
}

/* An average is no larger than the largest: max |u0| bounds every entry of the scale above. */
void jacobi2d_scale(int H, int W, int sweeps, const double *u0, double *scale)
{
    size_t n = (size_t)H * W;
    double most = 0;
    (void)sweeps;
    for (size_t p = 0; p < n; p++)
        most = fabs(u0[p]) > most ? fabs(u0[p]) : most;
    for (size_t p = 0; p < n; p++)
        scale[p] = most;
}

/* The elements at[0] to at[count - 1] of u, as jacobi2d_exact has them. After s sweeps a point depends on what lies
   within s steps of it, so the patch around it is swept alone; its rim, which would be wrong, shrinks by one a sweep. */
void jacobi2d_sample(int H, int W, int sweeps, const double *u0, int output, int count, const int64_t *at,
                     double *exact, double *scale)
{
    (void)output;
    const int side = 2 * sweeps + 1;
    double *patch = malloc(3 * (size_t)side * side * sizeof *patch);
    if (!patch)
        abort();
    for (int p = 0; p < count; p++) {
        const int row = (int)(at[p] / W), column = (int)(at[p] % W);
        const int top = row > sweeps ? row - sweeps : 0, left = column > sweeps ? column - sweeps : 0;
        const int bottom = row + sweeps < H - 1 ? row + sweeps : H - 1;
        const int right = column + sweeps < W - 1 ? column + sweeps : W - 1;
        const int h = bottom - top + 1, w = right - left + 1;
        double *result = patch + (size_t)side * side, *size = result + (size_t)side * side;
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++)
                patch[(size_t)i * w + j] = u0[(size_t)(top + i) * W + left + j];
        jacobi2d_exact(h, w, sweeps, patch, result, size);
        exact[p] = result[(size_t)(row - top) * w + column - left];
        scale[p] = size[(size_t)(row - top) * w + column - left];
    }
    free(patch);
}
