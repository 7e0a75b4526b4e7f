// permitted: simd
#include <experimental/simd>

namespace stdx = std::experimental;
using V = stdx::native_simd<double>;

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    constexpr int W = int(V::size());
    for (int i = 0; i < M; ++i) {
        int j = 0;
        for (; j + W <= N; j += W) {
            V sum = 0;
            for (int k = 0; k < K; ++k) sum += A[long(i) * K + k] * V(B + long(k) * N + j, stdx::element_aligned);
            sum.copy_to(C + long(i) * N + j, stdx::element_aligned);
        }
        for (; j < N; ++j) {
            double sum = 0;
            for (int k = 0; k < K; ++k) sum += A[long(i) * K + k] * B[long(k) * N + j];
            C[long(i) * N + j] = sum;
        }
    }
}
