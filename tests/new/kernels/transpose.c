void transpose(double *restrict out, const double *restrict in, long n, long m)
{
    for (long i = 0; i < n; i++)
        for (long j = 0; j < m; j++)
            out[j * n + i] = in[i * m + j];
}
