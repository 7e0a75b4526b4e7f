// permitted: simd alloc
#include <stdlib.h>
#include <string.h>

typedef double v4 __attribute__((vector_size(32)));

static v4 load(const double *p)
{
    v4 x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* Values are kept multiplied by 8^k after k sweeps, which is exact, and scaled back in the end. */
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    size_t n = (size_t)H * W;
    double *a = malloc(2 * n * sizeof(double)), *b = a + n, *base = a, scale = 1.0;
    memcpy(a, u0, n * sizeof(double));
    for (int k = 0; k < sweeps; k++, scale *= 8.0) {
        for (int i = 0; i < H; i++) {
            const double *c = a + (size_t)i * W;
            double *o = b + (size_t)i * W;
            int j = 0, edge = i == 0 || i == H - 1;
            if (!edge) {
                o[0] = 8.0 * c[0];
                for (j = 1; j + 4 < W; j += 4) {
                    v4 x = 4.0 * load(c + j) + load(c + j - W) + load(c + j + W) + load(c + j - 1) + load(c + j + 1);
                    memcpy(o + j, &x, sizeof x);
                }
                for (; j < W - 1; j++)
                    o[j] = 4.0 * c[j] + c[j - W] + c[j + W] + c[j - 1] + c[j + 1];
            }
            for (; j < W; j++)
                o[j] = 8.0 * c[j];
        }
        double *t = a;
        a = b;
        b = t;
    }
    for (size_t p = 0; p < n; p++)
        u[p] = a[p] / scale;
    free(base);
}
