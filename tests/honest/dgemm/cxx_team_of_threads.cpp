// permitted: threads simd alloc
#include <memory>

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
#pragma omp parallel
    {
        auto row = std::make_unique<double[]>(N);
#pragma omp for schedule(static)
        for (int i = 0; i < M; ++i) {
            for (int j = 0; j < N; ++j) row[j] = 0;
            for (int k = 0; k < K; ++k) {
                const double a = A[static_cast<long>(i) * K + k];
                for (int j = 0; j < N; ++j) row[j] += a * B[static_cast<long>(k) * N + j];
            }
            for (int j = 0; j < N; ++j) C[static_cast<long>(i) * N + j] = row[j];
        }
    }
}
