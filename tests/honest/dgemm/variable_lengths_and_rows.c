// permitted: alloc
/* Arrays of variable length, as parameters and on the stack, and a typedef of one. */
static void scaled(int n, const double x[static n], double a, double y[static n])
{
    for (int j = 0; j < n; j++) y[j] += a * x[j];
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    typedef double row[N];
    const row *b = (const row *)B;
    row *c = (row *)C;
    const double(*a)[K] = (const double(*)[K])A;
    double sums[N];
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < N; j++) sums[j] = 0;
        for (int k = 0; k < K; k++) scaled(N, b[k], a[i][k], sums);
        for (int j = 0; j < N; j++) c[i][j] = sums[j];
    }
}
