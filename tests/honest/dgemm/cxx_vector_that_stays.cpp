// permitted: simd alloc packing
#include <vector>

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    static std::vector<double> columns;  // kept from call to call, which is legal: its contents are made anew
    columns.resize(static_cast<std::size_t>(N) * K);
    for (int k = 0; k < K; ++k)
        for (int j = 0; j < N; ++j) columns[static_cast<std::size_t>(j) * K + k] = B[static_cast<std::size_t>(k) * N + j];
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            double sum = 0;
            for (int k = 0; k < K; ++k) sum += A[static_cast<std::size_t>(i) * K + k] * columns[static_cast<std::size_t>(j) * K + k];
            C[static_cast<std::size_t>(i) * N + j] = sum;
        }
}
