// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double even = 0, odd = 0;
            int k = 0;
            for (; k + 1 < K; k += 2) {
                even += A[(long)i * K + k] * B[(long)k * N + j];
                odd += A[(long)i * K + k + 1] * B[(k + 1L) * N + j];
            }
            if (k < K) even += A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = even + odd;
        }
}
