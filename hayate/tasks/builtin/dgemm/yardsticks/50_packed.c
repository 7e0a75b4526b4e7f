/* Vectors as wide as the registers that it is compiled for, and a tile that fits into these. */
#if defined __AVX512F__
#define MR 6
#define VL 8
#elif defined __AVX__
#define MR 6
#define VL 4
#else
#define MR 4
#define VL 2
#endif
#define NV 2
#define NR (NV * VL)
#define KC 240
#define NC 96

typedef double vec __attribute__((vector_size(8 * VL), aligned(8), may_alias));

static double Q[KC * (NC + NR)] __attribute__((aligned(64)));

static int min(int a, int b)
{
  return a < b ? a : b;
}

static void pack(int k, int n, int N, const double *B, double *q)
{
  for (int j = 0; j < n; j += NR)
    for (int l = 0; l < k; l++) {
      int y = min(NR, n - j);
      const double *b = B + l * N + j;
      for (int x = 0; x < NR; x++)
        q[x] = x < y ? b[x] : 0;
      q += NR;
    }
}

static void tile(int k, int x, int K, const double *A, const double *b, int N, double *C, int add)
{
  vec s[MR][NV] = {0};
  const double *a[MR];
  for (int i = 0; i < MR; i++)
    a[i] = A + min(i, x - 1) * K;
  for (int l = 0; l < k; l++) {
    const vec *v = (const vec *)(b + l * NR);
    for (int i = 0; i < MR; i++)
      for (int j = 0; j < NV; j++)
        s[i][j] += a[i][l] * v[j];
  }
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NV; j++) {
      vec *z = (vec *)(C + i * N) + j;
      if (add)
        *z += s[i][j];
      else
        *z = s[i][j];
    }
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  double T[MR * NR];
  for (int jj = 0; jj < N; jj += NC)
    for (int ll = 0; ll < K; ll += KC) {
      int n = min(NC, N - jj);
      int k = min(KC, K - ll);
      pack(k, n, N, B + ll * N + jj, Q);
      for (int j = 0; j < n; j += NR)
        for (int i = 0; i < M; i += MR) {
          int x = min(MR, M - i);
          int y = min(NR, n - j);
          const double *a = A + i * K + ll;
          const double *b = Q + j * k;
          double *c = C + i * N + jj + j;
          if (x == MR && y == NR) {
            tile(k, x, K, a, b, N, c, ll);
            continue;
          }
          tile(k, x, K, a, b, NR, T, 0);
          for (int u = 0; u < x; u++)
            for (int v = 0; v < y; v++)
              c[u * N + v] = T[u * NR + v] + (ll ? c[u * N + v] : 0);
        }
    }
}
