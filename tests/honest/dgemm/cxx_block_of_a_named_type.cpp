// permitted: simd unrolling register_blocking
using real = double;
constexpr int N = 4096;  // no size of any array below: there a parameter has the name

template <int MR, int N>
static void tile(int K, const real *a, long lda, const real *b, long ldb, real *c)
{
    real sum[MR][N] = {};
    for (int k = 0; k < K; ++k)
        for (int i = 0; i < MR; ++i)
            for (int j = 0; j < N; ++j) sum[i][j] += a[i * lda + k] * b[k * ldb + j];
    for (int i = 0; i < MR; ++i)
        for (int j = 0; j < N; ++j) c[i * ldb + j] = sum[i][j];
}

template <int MR>
static void rows(int columns, int K, const real *a, const real *b, real *c)
{
    int j = 0;
    for (; j + 24 <= columns; j += 24) tile<MR, 24>(K, a, K, b + j, columns, c + j);
    for (; j < columns; ++j) tile<MR, 1>(K, a, K, b + j, columns, c + j);
}

void dgemm(int M, int columns, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    static_assert(N == 4096, "a constant of file scope");
    real head[24][24] = {};  // a small block of a type that has another name
    int i = 0;
    for (; i + 8 <= M; i += 8) rows<8>(columns, K, A + static_cast<long>(i) * K, B, C + static_cast<long>(i) * columns);
    for (; i < M; ++i) rows<1>(columns, K, A + static_cast<long>(i) * K, B, C + static_cast<long>(i) * columns);
    C[0] += head[0][0];
}
