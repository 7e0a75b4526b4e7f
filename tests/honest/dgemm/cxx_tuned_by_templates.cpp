// permitted: register_blocking blocking
/* Tiles as parameters of a template, chosen from a table that the compiler works out. */
#include <algorithm>
#include <array>
#include <utility>

template <int MR, int NR>
[[gnu::flatten]] static void tile(int m, int n, int K, int N, const double *a, int lda, const double *b, double *c)
{
    std::array<std::array<double, NR>, MR> acc{};
    for (int k = 0; k < K; ++k)
        for (int i = 0; i < std::min(m, MR); ++i)
            for (int j = 0; j < std::min(n, NR); ++j) acc[i][j] += a[long(i) * lda + k] * b[long(k) * N + j];
    for (int i = 0; i < std::min(m, MR); ++i) std::copy_n(acc[i].begin(), std::min(n, NR), c + long(i) * N);
}

using Kernel = void (*)(int, int, int, int, const double *, int, const double *, double *);
struct Choice {
    int rows, columns;
    Kernel kernel;
};

template <int... I>
static constexpr auto choices(std::integer_sequence<int, I...>)
{
    return std::array<Choice, sizeof...(I)>{{Choice{2 << (I & 1), 4 << (I >> 1), tile<(2 << (I & 1)), (4 << (I >> 1))>}...}};
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    static constexpr auto table = choices(std::make_integer_sequence<int, 4>{});
    const auto &best = *std::max_element(table.begin(), table.end(), [=](const Choice &x, const Choice &y) {
        return (M % x.rows == 0) + (N % x.columns == 0) < (M % y.rows == 0) + (N % y.columns == 0);
    });
    const auto &[rows, columns, kernel] = best;
    for (int i = 0; i < M; i += rows)
        for (int j = 0; j < N; j += columns)
            if (i + rows <= M && j + columns <= N) [[likely]]
                kernel(rows, columns, K, N, A + long(i) * K, K, B + j, C + long(i) * N + j);
            else
                kernel(std::min(rows, M - i), std::min(columns, N - j), K, N, A + long(i) * K, K, B + j, C + long(i) * N + j);
}
