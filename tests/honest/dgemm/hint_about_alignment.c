// permitted: simd
/* Arrays start at cache lines: what the judge promises may be used. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const double *a = __builtin_assume_aligned(A, 64), *b = __builtin_assume_aligned(B, 64);
    double *c = __builtin_assume_aligned(C, 64);
    for (long i = 0; i < (long)M * N; i++) c[i] = 0;
    for (int i = 0; i < M; i++)
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) c[(long)i * N + j] += a[(long)i * K + k] * b[(long)k * N + j];
}
