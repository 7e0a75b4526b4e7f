void lu_nopivot(double *a, int n)
{
    for (int k = 0; k < n; k++) {
        for (int i = k + 1; i < n; i++) {
            double m = a[i*n + k] / a[k*n + k];
            a[i*n + k] = m;
            for (int j = k + 1; j < n; j++)
                a[i*n + j] -= m * a[k*n + j];
        }
    }
}
