// permitted: simd unrolling register_blocking
#include <algorithm>
#include <utility>

namespace {
template <int MR, int NR>
struct Tile {
    double sum[MR][NR] = {};
    void add(const double *a, int lda, const double *b, int ldb, int K)
    {
        for (int k = 0; k < K; ++k)
            for (int i = 0; i < MR; ++i)
                for (int j = 0; j < NR; ++j) sum[i][j] += a[i * static_cast<long>(lda) + k] * b[k * static_cast<long>(ldb) + j];
    }
    void store(double *c, int ldc) const
    {
        for (int i = 0; i < MR; ++i) std::copy_n(sum[i], NR, c + i * static_cast<long>(ldc));
    }
};

template <int MR, int NR>
void tile(int N, int K, const double *a, const double *b, double *c)
{
    Tile<MR, NR> made;
    made.add(a, K, b, N, K);
    made.store(c, N);
}
}  // namespace

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    int i = 0;
    for (; i + 4 <= M; i += 4) {
        int j = 0;
        for (; j + 8 <= N; j += 8) tile<4, 8>(N, K, A + static_cast<long>(i) * K, B + j, C + static_cast<long>(i) * N + j);
        for (; j < N; ++j) tile<4, 1>(N, K, A + static_cast<long>(i) * K, B + j, C + static_cast<long>(i) * N + j);
    }
    for (; i < M; ++i)
        for (int j = 0; j < N; ++j) tile<1, 1>(N, K, A + static_cast<long>(i) * K, B + j, C + static_cast<long>(i) * N + j);
}
