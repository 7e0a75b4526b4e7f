// permitted: alloc
#include <algorithm>
#include <new>

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const std::size_t n = static_cast<std::size_t>(H) * W;
    auto *old = static_cast<double *>(::operator new(n * sizeof(double), std::align_val_t{64}));
    std::copy(u0, u0 + n, u);
    while (sweeps-- > 0) {
        std::copy(u, u + n, old);
        for (long i = 1; i < H - 1; ++i)
            std::transform(old + i * W + 1, old + i * W + std::max(W - 1, 1), u + i * W + 1, [&, W](const double &x) {
                const double *p = &x;
                return 0.5 * p[0] + 0.125 * (p[-W] + p[W] + p[-1] + p[1]);
            });
    }
    ::operator delete(old, std::align_val_t{64});
}
