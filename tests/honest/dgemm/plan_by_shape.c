// permitted: none
/* A table of block sizes that depends on the shape, filled by the call that needs it first. */
static int known_n, block;
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    if (known_n != N) {
        known_n = N;
        block = N > 1000 ? 64 : N > 100 ? 32 : 8;
    }
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
    for (int jj = 0; jj < N; jj += block)
        for (int i = 0; i < M; i++)
            for (int k = 0; k < K; k++)
                for (int j = jj; j < N && j < jj + block; j++) C[(long)i * N + j] += A[(long)i * K + k] * B[(long)k * N + j];
}
