// permitted: none
/* Legal: the result is the same, whatever is zero. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
    for (int i = 0; i < M; i++)
        for (int k = 0; k < K; k++) {
            const double a = A[(long)i * K + k];
            if (a == 0) continue;
            for (int j = 0; j < N; j++) C[(long)i * N + j] += a * B[(long)k * N + j];
        }
}
