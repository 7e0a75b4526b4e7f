// permitted: none
#include <algorithm>

extern "C" void dgemm(int M, int N, int K, const double *A, const double *B, double *C)
{
    auto at = [](auto *p, int stride, int i, int j) -> auto & { return p[static_cast<long>(i) * stride + j]; };
    std::fill_n(C, static_cast<long>(M) * N, 0.0);
    auto each = [](int n, auto &&f) {
        for (int i = 0; i < n; ++i) f(i);
    };
    each(M, [&](int i) {
        each(K, [&](int k) { each(N, [&](int j) { at(C, N, i, j) += at(A, K, i, k) * at(B, N, k, j); }); });
    });
}
