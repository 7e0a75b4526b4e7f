// permitted: simd register_blocking
#include <immintrin.h>

#ifdef __FMA__
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
#else
struct Lane {
    __m128d v, w;
    Lane() : v(_mm_setzero_pd()), w(v) {}
    explicit Lane(const double *p) : v(_mm_loadu_pd(p)), w(_mm_loadu_pd(p + 2)) {}
    explicit Lane(double x) : v(_mm_set1_pd(x)), w(v) {}
    Lane &fma(const Lane &a, const Lane &b)
    {
        v = _mm_add_pd(_mm_mul_pd(a.v, b.v), v);
        w = _mm_add_pd(_mm_mul_pd(a.w, b.w), w);
        return *this;
    }
    void store(double *p) const
    {
        _mm_storeu_pd(p, v);
        _mm_storeu_pd(p + 2, w);
    }
};
#endif

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
