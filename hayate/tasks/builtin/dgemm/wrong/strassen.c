// expect: wrong
// why: Strassen and Winograd: the error of an output depends on the others, beyond a componentwise bound
#include <stdlib.h>

static void multiply(int n, const double *a, int p, const double *b, int q, double *c, int r)
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      double t = 0;
      for (int l = 0; l < n; l++)
        t += a[i * p + l] * b[l * q + j];
      c[i * r + j] = t;
    }
}

static void add(int n, const double *a, int p, const double *b, int q, double sign, double *c)
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      c[i * n + j] = a[i * p + j] + sign * b[i * q + j];
}

/* One level of Strassen's recursion on n x n matrices, n even. */
static void strassen(int n, const double *A, const double *B, double *C)
{
  int h = n / 2;
  const double *a[4] = {A, A + h, A + h * n, A + h * n + h};
  const double *b[4] = {B, B + h, B + h * n, B + h * n + h};
  double *w = malloc(sizeof(double) * 9 * h * h);
  double *x = w, *y = w + h * h, *m[7];
  for (int i = 0; i < 7; i++)
    m[i] = w + (2 + i) * h * h;
  add(h, a[0], n, a[3], n, 1, x);
  add(h, b[0], n, b[3], n, 1, y);
  multiply(h, x, h, y, h, m[0], h);
  add(h, a[2], n, a[3], n, 1, x);
  multiply(h, x, h, b[0], n, m[1], h);
  add(h, b[1], n, b[3], n, -1, y);
  multiply(h, a[0], n, y, h, m[2], h);
  add(h, b[2], n, b[0], n, -1, y);
  multiply(h, a[3], n, y, h, m[3], h);
  add(h, a[0], n, a[1], n, 1, x);
  multiply(h, x, h, b[3], n, m[4], h);
  add(h, a[2], n, a[0], n, -1, x);
  add(h, b[0], n, b[1], n, 1, y);
  multiply(h, x, h, y, h, m[5], h);
  add(h, a[1], n, a[3], n, -1, x);
  add(h, b[2], n, b[3], n, 1, y);
  multiply(h, x, h, y, h, m[6], h);
  for (int i = 0; i < h; i++)
    for (int j = 0; j < h; j++) {
      int e = i * h + j;
      C[i * n + j] = m[0][e] + m[3][e] - m[4][e] + m[6][e];
      C[i * n + j + h] = m[2][e] + m[4][e];
      C[(i + h) * n + j] = m[1][e] + m[3][e];
      C[(i + h) * n + j + h] = m[0][e] - m[1][e] + m[2][e] + m[5][e];
    }
  free(w);
}

/* Pads to a square of even size, so that every shape goes the same way. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  int n = M > N ? M : N;
  n = (n > K ? n : K) + 1;
  n = n / 2 * 2;
  double *a = calloc(3 * (size_t)n * n, sizeof(double));
  double *b = a + (size_t)n * n;
  double *c = b + (size_t)n * n;
  for (int i = 0; i < M; i++)
    for (int l = 0; l < K; l++)
      a[i * n + l] = A[i * K + l];
  for (int l = 0; l < K; l++)
    for (int j = 0; j < N; j++)
      b[l * n + j] = B[l * N + j];
  strassen(n, a, b, c);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++)
      C[i * N + j] = c[i * n + j];
  free(a);
}
