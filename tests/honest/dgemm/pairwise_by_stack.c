// permitted: none
/* Partial sums are joined as in a binary counter: log2(K) roundings deep. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double stack[16];
            int top = 0;
            for (int k = 0; k < K; k++) {
                double s = A[(long)i * K + k] * B[(long)k * N + j];
                for (int bit = k; bit & 1; bit >>= 1) s += stack[--top];
                stack[top++] = s;
            }
            double s = 0;
            while (top > 0) s += stack[--top];
            C[(long)i * N + j] = s;
        }
}
