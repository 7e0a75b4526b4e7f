// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    long i = 0, j, k;
    double s;
next_row:
    j = 0;
next_column:
    s = 0;
    k = 0;
next_term:
    s += A[i * K + k] * B[k * N + j];
    if (++k < K) goto next_term;
    C[i * N + j] = s;
    if (++j < N) goto next_column;
    if (++i < M) goto next_row;
}
