/* second derivatives of the natural cubic spline through (x, y); work has n elements */
void spline_second(int n, const double *x, const double *y, double *y2, double *work)
{
    y2[0] = work[0] = 0.0;
    for (int i = 1; i < n - 1; i++) {
        double sig = (x[i] - x[i-1]) / (x[i+1] - x[i-1]);
        double p = sig * y2[i-1] + 2.0;
        y2[i] = (sig - 1.0) / p;
        work[i] = (y[i+1] - y[i]) / (x[i+1] - x[i]) - (y[i] - y[i-1]) / (x[i] - x[i-1]);
        work[i] = (6.0 * work[i] / (x[i+1] - x[i-1]) - sig * work[i-1]) / p;
    }
    y2[n-1] = 0.0;
    work[n-1] = 0.0;
    for (int k = n - 2; k >= 0; k--)
        y2[k] = y2[k] * y2[k+1] + work[k];
}
