void trsv_lower(int n, const double *L, int ldl, const double *b, double *x)
{
    for (int i = 0; i < n; i++) {
        double s = b[i];
        for (int j = 0; j < i; j++)
            s -= L[i * ldl + j] * x[j];
        x[i] = s / L[i * ldl + i];
    }
}
