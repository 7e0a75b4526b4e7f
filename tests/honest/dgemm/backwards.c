// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = M; i-- > 0;)
        for (int j = N; j-- > 0;) {
            double s = 0;
            for (int k = K; k-- > 0;) s += A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = s;
        }
}
