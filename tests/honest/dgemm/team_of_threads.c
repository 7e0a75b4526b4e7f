// permitted: threads simd
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
#pragma omp parallel for schedule(static)
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < N; j++) C[(long)i * N + j] = 0;
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) C[(long)i * N + j] += A[(long)i * K + k] * B[(long)k * N + j];
    }
}
