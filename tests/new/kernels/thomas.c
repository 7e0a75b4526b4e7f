#include <stdlib.h>
void thomas(int n, const double *a, const double *b, const double *c, const double *d, double *x)
{
    double *cp = malloc(n * sizeof(double));
    cp[0] = c[0] / b[0];
    x[0] = d[0] / b[0];
    for (int i = 1; i < n; i++) {
        double m = b[i] - a[i] * cp[i - 1];
        cp[i] = c[i] / m;
        x[i] = (d[i] - a[i] * x[i - 1]) / m;
    }
    for (int i = n - 2; i >= 0; i--)
        x[i] -= cp[i] * x[i + 1];
    free(cp);
}
