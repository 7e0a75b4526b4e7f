// permitted: simd register_blocking
#include <immintrin.h>

struct Lane {
    __m256d v;
    Lane() : v(_mm256_setzero_pd()) {}
    explicit Lane(const double *p) : v(_mm256_loadu_pd(p)) {}
    explicit Lane(double x) : v(_mm256_set1_pd(x)) {}
    Lane &fma(const Lane &a, const Lane &b)
    {
        v = _mm256_fmadd_pd(a.v, b.v, v);
        return *this;
    }
    void store(double *p) const { _mm256_storeu_pd(p, v); }
};

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; ++i) {
        int j = 0;
        for (; j + 8 <= N; j += 8) {
            Lane left, right;
            for (int k = 0; k < K; ++k) {
                const double *row = B + static_cast<long>(k) * N + j;
                const Lane a{A[static_cast<long>(i) * K + k]};
                left.fma(a, Lane(row));
                right.fma(a, Lane(row + 4));
            }
            left.store(C + static_cast<long>(i) * N + j);
            right.store(C + static_cast<long>(i) * N + j + 4);
        }
        for (; j < N; ++j) {
            double sum = 0;
            for (int k = 0; k < K; ++k) sum += A[static_cast<long>(i) * K + k] * B[static_cast<long>(k) * N + j];
            C[static_cast<long>(i) * N + j] = sum;
        }
    }
}
