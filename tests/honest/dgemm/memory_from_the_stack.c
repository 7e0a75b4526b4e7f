// permitted: alloc
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    double *column = __builtin_alloca(sizeof(double) * K);
    for (int j = 0; j < N; j++) {
        for (int k = 0; k < K; k++) column[k] = B[(long)k * N + j];
        for (int i = 0; i < M; i++) {
            double s = 0;
            for (int k = 0; k < K; k++) s += A[(long)i * K + k] * column[k];
            C[(long)i * N + j] = s;
        }
    }
}
