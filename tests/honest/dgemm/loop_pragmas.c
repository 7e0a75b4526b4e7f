// permitted: simd unrolling
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
    for (int i = 0; i < M; i++)
        for (int k = 0; k < K; k++) {
            const double a = A[(long)i * K + k];
            const double *b = B + (long)k * N;
            double *c = C + (long)i * N;
#pragma omp simd
            for (int j = 0; j < N; j++) c[j] += a * b[j];
        }
}
