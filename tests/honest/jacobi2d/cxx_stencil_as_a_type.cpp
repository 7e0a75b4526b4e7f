// permitted: alloc simd
#include <cstring>
#include <memory>

namespace {
struct FivePoint {
    static constexpr double centre = 0.5, side = 0.125;
    static double at(const double *p, long W) { return centre * p[0] + side * (p[-W] + p[W] + p[-1] + p[1]); }
};

template <class Stencil>
void sweep(int H, int W, const double *__restrict from, double *__restrict to)
{
    for (int i = 1; i < H - 1; ++i)
        for (int j = 1; j < W - 1; ++j) to[static_cast<long>(i) * W + j] = Stencil::at(from + static_cast<long>(i) * W + j, W);
}
}  // namespace

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const std::size_t n = static_cast<std::size_t>(H) * W;
    std::unique_ptr<double[]> old{new double[n]};
    std::memcpy(u, u0, n * sizeof *u);
    for (int s = 0; s < sweeps; ++s) {
        std::memcpy(old.get(), u, n * sizeof *u);
        sweep<FivePoint>(H, W, old.get(), u);
    }
}
