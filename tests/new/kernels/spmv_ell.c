/* ELLPACK: width entries a row, padded with zeros */
void ell_spmv(int n, int width, const int *cols, const float *vals, const float *x, float *y)
{
#pragma omp parallel for
    for (int i = 0; i < n; ++i) {
        float s = 0.f;
        for (int k = 0; k < width; ++k)
            s += vals[i * width + k] * x[cols[i * width + k]];
        y[i] = s;
    }
}
