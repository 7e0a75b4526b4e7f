// permitted: alloc
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++) {
        double row[N];
        for (int j = 0; j < N; j++) row[j] = 0;
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) row[j] += A[(long)i * K + k] * B[(long)k * N + j];
        for (int j = 0; j < N; j++) C[(long)i * N + j] = row[j];
    }
}
