/* as the reference BLAS: increments by argument */
double ddot(int n, const double *dx, int incx, const double *dy, int incy)
{
    double temp = 0.0;
    int ix = 0, iy = 0;
    for (int i = 0; i < n; i++) {
        temp += dx[ix] * dy[iy];
        ix += incx;
        iy += incy;
    }
    return temp;
}

void axpby(long n, float a, const float *x, float b, float *y)
{
    for (long i = 0; i < n; i++) y[i] = a * x[i] + b * y[i];
}
