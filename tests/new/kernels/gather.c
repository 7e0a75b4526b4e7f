void gather(int n, int m, const int *idx, const double *src, double *dst)
{
    for (int i = 0; i < n; i++) dst[i] = src[idx[i]];
}

void scatter(int n, const int *to, const double *src, double *dst)
{
    for (int i = 0; i < n; i++) dst[to[i]] = src[i];
}
