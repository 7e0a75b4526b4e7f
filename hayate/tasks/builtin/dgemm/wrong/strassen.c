// expect: wrong
// why: Strassen's products mix rows and columns, so that errors go beyond a componentwise bound
#include <stdlib.h>

static void multiply(int m, int n, int k, const double *a, int p, const double *b, int q, double *c)
{
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++)
      c[i * n + j] = 0;
    for (int l = 0; l < k; l++)
      for (int j = 0; j < n; j++)
        c[i * n + j] += a[i * p + l] * b[l * q + j];
  }
}

static void add(int m, int n, const double *a, const double *b, int p, double sign, double *c)
{
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      c[i * n + j] = a[i * p + j] + sign * b[i * p + j];
}

/* One level of Strassen's recursion; m, n and k are halves, p and q the widths of A and B. */
static void strassen(int m, int n, int k, const double *A, const double *B, double *C, double *w)
{
  int p = 2 * k;
  int q = 2 * n;
  const double *a[4] = {A, A + k, A + m * p, A + m * p + k};
  const double *b[4] = {B, B + n, B + k * q, B + k * q + n};
  double *x = w;
  double *y = x + m * k;
  double *d[7];
  for (int i = 0; i < 7; i++)
    d[i] = y + k * n + i * m * n;
  add(m, k, a[0], a[3], p, 1, x);
  add(k, n, b[0], b[3], q, 1, y);
  multiply(m, n, k, x, k, y, n, d[0]);
  add(m, k, a[2], a[3], p, 1, x);
  multiply(m, n, k, x, k, b[0], q, d[1]);
  add(k, n, b[1], b[3], q, -1, y);
  multiply(m, n, k, a[0], p, y, n, d[2]);
  add(k, n, b[2], b[0], q, -1, y);
  multiply(m, n, k, a[3], p, y, n, d[3]);
  add(m, k, a[0], a[1], p, 1, x);
  multiply(m, n, k, x, k, b[3], q, d[4]);
  add(m, k, a[2], a[0], p, -1, x);
  add(k, n, b[0], b[1], q, 1, y);
  multiply(m, n, k, x, k, y, n, d[5]);
  add(m, k, a[1], a[3], p, -1, x);
  add(k, n, b[2], b[3], q, 1, y);
  multiply(m, n, k, x, k, y, n, d[6]);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      int e = i * n + j;
      C[i * q + j] = d[0][e] + d[3][e] - d[4][e] + d[6][e];
      C[i * q + j + n] = d[2][e] + d[4][e];
      C[(i + m) * q + j] = d[1][e] + d[3][e];
      C[(i + m) * q + j + n] = d[0][e] - d[1][e] + d[2][e] + d[5][e];
    }
}

/* Pads each size to an even number, so that every shape goes the same way. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  int m = (M + 1) / 2;
  int n = (N + 1) / 2;
  int k = (K + 1) / 2;
  double *a = calloc(4 * m * k + 4 * k * n + 4 * m * n + m * k + k * n + 7 * m * n, sizeof(double));
  double *b = a + 4 * m * k;
  double *c = b + 4 * k * n;
  for (int i = 0; i < M; i++)
    for (int l = 0; l < K; l++)
      a[i * 2 * k + l] = A[i * K + l];
  for (int l = 0; l < K; l++)
    for (int j = 0; j < N; j++)
      b[l * 2 * n + j] = B[l * N + j];
  strassen(m, n, k, a, b, c, c + 4 * m * n);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++)
      C[i * N + j] = c[i * 2 * n + j];
  free(a);
}
