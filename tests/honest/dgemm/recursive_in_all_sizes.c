// permitted: none
static void part(int m, int n, int k, const double *a, const double *b, double *c, long lda, long ldb)
{
    if (m <= 24 && n <= 48 && k <= 48) {
        for (int i = 0; i < m; i++)
            for (int l = 0; l < k; l++)
                for (int j = 0; j < n; j++) c[i * ldb + j] += a[i * lda + l] * b[l * ldb + j];
    } else if (m >= n && m >= k) {
        part(m / 2, n, k, a, b, c, lda, ldb);
        part(m - m / 2, n, k, a + m / 2 * lda, b, c + m / 2 * ldb, lda, ldb);
    } else if (n >= k) {
        part(m, n / 2, k, a, b, c, lda, ldb);
        part(m, n - n / 2, k, a, b + n / 2, c + n / 2, lda, ldb);
    } else {
        part(m, n, k / 2, a, b, c, lda, ldb);
        part(m, n, k - k / 2, a + k / 2, b + k / 2 * ldb, c, lda, ldb);
    }
}
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
    part(M, N, K, A, B, C, K, N);
}
