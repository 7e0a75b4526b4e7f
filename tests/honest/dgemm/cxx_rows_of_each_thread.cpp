// permitted: alloc threads
#include <algorithm>
#include <vector>

static thread_local std::vector<double> sums;

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
#pragma omp parallel for
    for (int i = 0; i < M; ++i) {
        sums.assign(N, 0.0);
        double *const _end = sums.data() + N;
        for (int k = 0; k < K; ++k) {
            const double a = A[long(i) * K + k];
            const double *b = B + long(k) * N;
            for (double *s = sums.data(); s != _end; ++s) *s += a * *b++;
        }
        std::copy(sums.begin(), sums.end(), C + long(i) * N);
    }
}
