// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const double *a = A;
    for (double *c = C, *rows = C + (long)M * N; c < rows; c += N, a += K)
        for (int j = 0; j < N; j++) {
            double s = 0;
            const double *b = B + j;
            for (const double *x = a; x < a + K; x++, b += N) s += *x * *b;
            c[j] = s;
        }
}
