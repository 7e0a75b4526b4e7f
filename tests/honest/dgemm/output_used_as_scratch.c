// permitted: none
/* The output holds something else for a while. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++) {
        double *c = C + (long)i * N;
        for (int j = 0; j < N; j++) c[j] = 1e300;
        for (int j = 0; j < N; j++) c[j] = -c[j];
        for (int j = 0; j < N; j++) c[j] = 0;
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) c[j] += A[(long)i * K + k] * B[(long)k * N + j];
    }
}
