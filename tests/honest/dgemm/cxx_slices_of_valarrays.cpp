// permitted: alloc
#include <valarray>

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const std::valarray<double> b(B, std::size_t(K) * N);
    std::valarray<double> row(N);
    for (int i = 0; i < M; ++i) {
        row = 0.0;
        for (int k = 0; k < K; ++k) row += A[std::size_t(i) * K + k] * std::valarray<double>(b[std::slice(std::size_t(k) * N, N, 1)]);
        for (int j = 0; j < N; ++j) C[std::size_t(i) * N + j] = row[j];
    }
}
