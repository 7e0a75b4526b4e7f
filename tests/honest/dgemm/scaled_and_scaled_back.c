// permitted: none
/* Powers of two are exact. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < K; k++) s += (A[(long)i * K + k] * 0x1p60) * (B[(long)k * N + j] * 0x1p-30);
            C[(long)i * N + j] = s * 0x1p-30;
        }
}
