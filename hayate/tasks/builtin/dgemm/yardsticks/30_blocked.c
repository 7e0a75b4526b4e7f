#define BI 32
#define BJ 256
#define BL 128

static int min(int a, int b)
{
  return a < b ? a : b;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M * N; i++)
    C[i] = 0;
  for (int jj = 0; jj < N; jj += BJ)
    for (int ii = 0; ii < M; ii += BI)
      for (int ll = 0; ll < K; ll += BL)
        for (int i = ii; i < min(ii + BI, M); i++)
          for (int l = ll; l < min(ll + BL, K); l++)
            for (int j = jj; j < min(jj + BJ, N); j++)
              C[i * N + j] += A[i * K + l] * B[l * N + j];
}
