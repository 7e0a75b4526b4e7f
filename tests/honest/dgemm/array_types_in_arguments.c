// permitted: none
static void product(int M, int N, int K, const double A[M][K], const double B[K][N], double C[M][N])
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            C[i][j] = 0;
            for (int k = 0; k < K; k++) C[i][j] += A[i][k] * B[k][j];
        }
}
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    product(M, N, K, (const double(*)[K])A, (const double(*)[N])B, (double(*)[N])C);
}
