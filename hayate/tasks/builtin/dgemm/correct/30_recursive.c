// permitted: simd blocking
static void product(int m, int n, int k, int K, int N, const double *A, const double *B, double *C)
{
  if (m <= 32 && n <= 64 && k <= 32) {
    for (int i = 0; i < m; i++)
      for (int l = 0; l < k; l++)
        for (int j = 0; j < n; j++)
          C[i * N + j] += A[i * K + l] * B[l * N + j];
  } else if (m >= n && m >= k) {
    product(m / 2, n, k, K, N, A, B, C);
    product(m - m / 2, n, k, K, N, A + m / 2 * K, B, C + m / 2 * N);
  } else if (n >= k) {
    product(m, n / 2, k, K, N, A, B, C);
    product(m, n - n / 2, k, K, N, A, B + n / 2, C + n / 2);
  } else {
    product(m, n, k / 2, K, N, A, B, C);
    product(m, n, k - k / 2, K, N, A + k / 2, B + k / 2 * N, C);
  }
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M * N; i++)
    C[i] = 0;
  product(M, N, K, K, N, A, B, C);
}
