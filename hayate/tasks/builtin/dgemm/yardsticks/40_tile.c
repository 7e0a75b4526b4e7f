/* Vectors as wide as the registers that it is compiled for. */
#define MR 6
#define NV 1
#if defined __AVX512F__
#define VL 8
#elif defined __AVX__
#define VL 4
#else
#define VL 2
#endif
#define NR (NV * VL)
#define BJ 192

typedef double vec __attribute__((vector_size(8 * VL), aligned(8), may_alias));

static int min(int a, int b)
{
  return a < b ? a : b;
}

static void tile(int N, int K, const double *A, const double *B, double *C)
{
  vec s[MR][NV] = {0};
  for (int l = 0; l < K; l++) {
    const vec *v = (const vec *)(B + l * N);
    for (int i = 0; i < MR; i++)
      for (int j = 0; j < NV; j++)
        s[i][j] += A[i * K + l] * v[j];
  }
  for (int i = 0; i < MR; i++) {
    vec *z = (vec *)(C + i * N);
    for (int j = 0; j < NV; j++)
      z[j] = s[i][j];
  }
}

static void small(int M, int N, int K, const double *A, const double *B, double *C)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double t = 0;
      for (int l = 0; l < K; l++)
        t += A[i * K + l] * B[l * N + j];
      C[i * N + j] = t;
    }
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  if (M < MR || N < NR) {
    small(M, N, K, A, B, C);
    return;
  }
  for (int jj = 0; jj < N; jj += BJ)
    for (int ii = 0; ii < M; ii += MR)
      for (int x = jj; x < min(jj + BJ, N); x += NR) {
        int i = min(ii, M - MR);
        int j = min(x, N - NR);
        tile(N, K, A + i * K, B + j, C + i * N + j);
      }
}
