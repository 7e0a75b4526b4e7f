// permitted: none
static double dot(const double *a, const double *b, int n, long step)
{
    double s = 0;
    int rounds = (n + 3) / 4;
    switch (n % 4) {
    case 0: do { s += *a++ * *b; b += step; /* fall through */
    case 3: s += *a++ * *b; b += step; /* fall through */
    case 2: s += *a++ * *b; b += step; /* fall through */
    case 1: s += *a++ * *b; b += step;
            } while (--rounds > 0);
    }
    return s;
}
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) C[(long)i * N + j] = dot(A + (long)i * K, B + j, K, N);
}
