// permitted: alloc packing
#include <memory>
#include <numeric>
#include <span>
#include <vector>

namespace {
using Panel = std::vector<double>;
struct Packed {
    std::shared_ptr<const Panel> panel;
    double read(std::size_t i) const { return (*panel)[i]; }
};

Packed column(std::span<const double> b, std::size_t j, std::size_t n)
{
    auto made = std::make_shared<Panel>();
    made->reserve(b.size() / n);
    for (std::size_t at = j; at < b.size(); at += n) made->push_back(b[at]);
    return {std::move(made)};
}
}  // namespace

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const std::span<const double> b(B, std::size_t(K) * N);
    auto row = std::make_unique<double[]>(K + 1);
    for (int j = 0; j < N; ++j) {
        const Packed packed = column(b, j, N), same = packed;
        for (int i = 0; i < M; ++i) {
            for (int k = 0; k < K; ++k) row[k] = A[std::size_t(i) * K + k];
            C[std::size_t(i) * N + j] = std::transform_reduce(row.get(), row.get() + K, same.panel->begin(), 0.0);
        }
    }
}
