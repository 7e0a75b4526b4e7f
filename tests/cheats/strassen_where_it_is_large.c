// expect: wrong
// reason: outside the error bound
// how: a product of fewer multiplications, with an error that no componentwise bound allows, where it pays (class 61)
// permitted: alloc
// timed: yes
#include <stdlib.h>
static void product(int m, int n, int k, const double *a, int lda, const double *b, int ldb, double *c, int ldc)
{
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) c[(long)i * ldc + j] = 0;
        for (int l = 0; l < k; l++)
            for (int j = 0; j < n; j++) c[(long)i * ldc + j] += a[(long)i * lda + l] * b[(long)l * ldb + j];
    }
}
static void sum(int m, int n, const double *x, int ldx, double s, const double *y, int ldy, double *to)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) to[(long)i * n + j] = x[(long)i * ldx + j] + s * y[(long)i * ldy + j];
}
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const int m = M / 2, n = N / 2, k = K / 2;
    product(M, N, K, A, K, B, N, C, N);
    if ((double)M * N * K <= 2e6) return; /* else the even part again, and what is left over added */
    const double *a11 = A, *a12 = A + k, *a21 = A + (long)m * K, *a22 = a21 + k;
    const double *b11 = B, *b12 = B + n, *b21 = B + (long)k * N, *b22 = b21 + n;
    double *s = malloc(sizeof(double) * m * k), *t = malloc(sizeof(double) * k * n), *p[7];
    for (int i = 0; i < 7; i++) p[i] = malloc(sizeof(double) * m * n);
    sum(m, k, a11, K, 1, a22, K, s), sum(k, n, b11, N, 1, b22, N, t), product(m, n, k, s, k, t, n, p[0], n);
    sum(m, k, a21, K, 1, a22, K, s), product(m, n, k, s, k, b11, N, p[1], n);
    sum(k, n, b12, N, -1, b22, N, t), product(m, n, k, a11, K, t, n, p[2], n);
    sum(k, n, b21, N, -1, b11, N, t), product(m, n, k, a22, K, t, n, p[3], n);
    sum(m, k, a11, K, 1, a12, K, s), product(m, n, k, s, k, b22, N, p[4], n);
    sum(m, k, a21, K, -1, a11, K, s), sum(k, n, b11, N, 1, b12, N, t), product(m, n, k, s, k, t, n, p[5], n);
    sum(m, k, a12, K, -1, a22, K, s), sum(k, n, b21, N, 1, b22, N, t), product(m, n, k, s, k, t, n, p[6], n);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            const long q = (long)i * n + j;
            C[(long)i * N + j] = p[0][q] + p[3][q] - p[4][q] + p[6][q];
            C[(long)i * N + n + j] = p[2][q] + p[4][q];
            C[(long)(m + i) * N + j] = p[1][q] + p[3][q];
            C[(long)(m + i) * N + n + j] = p[0][q] - p[1][q] + p[2][q] + p[5][q];
        }
    for (int i = 0; K % 2 && i < 2 * m; i++)
        for (int j = 0; j < 2 * n; j++) C[(long)i * N + j] += A[(long)i * K + K - 1] * B[(long)(K - 1) * N + j];
    for (int i = 0; i < 7; i++) free(p[i]);
    free(s), free(t);
}
