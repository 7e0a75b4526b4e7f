#include <math.h>
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
