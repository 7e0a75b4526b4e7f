#include <stdint.h>

void spmv(int nrows, int ncols, const int32_t *row_ptr, const int32_t *col_idx,
          const double *vals, const double *x, double *y)
{
    for (int i = 0; i < nrows; i++) {
        double acc = 0.0;
        for (int32_t p = row_ptr[i]; p < row_ptr[i + 1]; p++)
            acc += vals[p] * x[col_idx[p]];
        y[i] = acc;
    }
}
