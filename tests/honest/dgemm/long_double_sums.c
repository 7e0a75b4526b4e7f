// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            long double s = 0;
            for (int k = 0; k < K; k++) s += (long double)A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = (double)s;
        }
}
