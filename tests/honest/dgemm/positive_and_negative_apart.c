// permitted: none
/* Terms of either sign are summed by themselves: another order of the same sum, and one that cancels late. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double above = 0, below = 0;
            for (int k = 0; k < K; k++) {
                const double p = A[(long)i * K + k] * B[(long)k * N + j];
                if (p > 0) above += p;
                else below += p;
            }
            C[(long)i * N + j] = above + below;
        }
}
