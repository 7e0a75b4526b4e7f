// permitted: prefetch
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
    for (int i = 0; i < M; i++)
        for (int k = 0; k < K; k++) {
            const double *b = B + (long)k * N;
            for (int j = 0; j < N; j += 8) __builtin_prefetch(b + N + j, 0, 2);
            for (int j = 0; j < N; j++) C[(long)i * N + j] += A[(long)i * K + k] * b[j];
        }
}
