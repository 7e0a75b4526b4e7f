// permitted: simd alloc packing
#include <numeric>
#include <vector>

void dgemm(int M, int N, int K, const double *__restrict A, const double *__restrict B, double *__restrict C)
{
    std::vector<double> columns(static_cast<std::size_t>(N) * K);
    for (int k = 0; k < K; ++k)
        for (int j = 0; j < N; ++j) columns[static_cast<std::size_t>(j) * K + k] = B[static_cast<std::size_t>(k) * N + j];
    for (int i = 0; i < M; ++i) {
        const double *row = A + static_cast<std::size_t>(i) * K;
        for (int j = 0; j < N; ++j)
            C[static_cast<std::size_t>(i) * N + j] = std::inner_product(row, row + K, &columns[static_cast<std::size_t>(j) * K], 0.0);
    }
}
