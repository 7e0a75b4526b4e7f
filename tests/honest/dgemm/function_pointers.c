// permitted: none
static void row_by_rows(int N, int K, const double *a, const double *B, double *c)
{
    for (int j = 0; j < N; j++) c[j] = 0;
    for (int k = 0; k < K; k++)
        for (int j = 0; j < N; j++) c[j] += a[k] * B[(long)k * N + j];
}
static void row_by_dots(int N, int K, const double *a, const double *B, double *c)
{
    for (int j = 0; j < N; j++) {
        double s = 0;
        for (int k = 0; k < K; k++) s += a[k] * B[(long)k * N + j];
        c[j] = s;
    }
}
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    void (*const ways[2])(int, int, const double *, const double *, double *) = {row_by_rows, row_by_dots};
    for (int i = 0; i < M; i++) ways[i & 1](N, K, A + (long)i * K, B, C + (long)i * N);
}
