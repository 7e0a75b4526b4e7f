// permitted: simd register_blocking
// Each function has 12 KiB of its own; the compiler puts both frames together.
static inline void copy_row(int K, const double *a, double *block)
{
    for (int k = 0; k < K && k < 1536; k++) block[k] = a[k];
}

static inline double dot(int K, int N, const double *row, const double *a, const double *b)
{
    double column[1536];
    double sum = 0.0;
    int k = 0;
    for (; k < K && k < 1536; k++) column[k] = b[(long)k * N];
    for (int p = 0; p < k; p++) sum += row[p] * column[p];
    for (; k < K; k++) sum += a[k] * b[(long)k * N];
    return sum;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    double row[1536];
    for (int i = 0; i < M; i++) {
        copy_row(K, A + (long)i * K, row);
        for (int j = 0; j < N; j++) C[(long)i * N + j] = dot(K, N, row, A + (long)i * K, B + j);
    }
}
