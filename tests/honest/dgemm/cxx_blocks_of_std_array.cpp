// permitted: simd blocking
#include <algorithm>
#include <array>

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    constexpr int block = 32;
    std::array<std::array<double, block>, block> sums;
    for (int ii = 0; ii < M; ii += block)
        for (int jj = 0; jj < N; jj += block) {
            const int rows = std::min(block, M - ii), columns = std::min(block, N - jj);
            for (auto &row : sums) row.fill(0.0);
            for (int k = 0; k < K; ++k)
                for (int i = 0; i < rows; ++i)
                    for (int j = 0; j < columns; ++j)
                        sums[i][j] += A[static_cast<long>(ii + i) * K + k] * B[static_cast<long>(k) * N + jj + j];
            for (int i = 0; i < rows; ++i)
                std::copy_n(sums[i].begin(), columns, C + static_cast<long>(ii + i) * N + jj);
        }
}
