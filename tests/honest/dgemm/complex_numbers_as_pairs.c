// permitted: none
/* Two columns are one complex number, times a real one. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j += 2) {
            _Complex double s = 0;
            for (int k = 0; k < K; k++) {
                const double *b = B + (long)k * N + j;
                _Complex double z = b[0];
                __imag__ z = j + 1 < N ? b[1] : 0;
                s += A[(long)i * K + k] * z;
            }
            C[(long)i * N + j] = __real__ s;
            if (j + 1 < N) C[(long)i * N + j + 1] = __imag__ s;
        }
}
