#include <string.h>
void coo_spmv(int nnz, int m, int n, const int *rows, const int *cols, const double *vals,
              const double *x, double *y)
{
    memset(y, 0, m * sizeof(double));
    for (int k = 0; k < nnz; k++)
        y[rows[k]] += vals[k] * x[cols[k]];
}
