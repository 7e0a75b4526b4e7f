// permitted: alloc
#include <algorithm>
#include <utility>
#include <vector>

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const std::size_t n = static_cast<std::size_t>(H) * W;
    std::vector<double> first(u0, u0 + n), second(first);
    double *from = first.data(), *to = second.data();
    for (int s = 0; s < sweeps; ++s, std::swap(from, to))
        for (int i = 1; i < H - 1; ++i)
            for (int j = 1; j < W - 1; ++j) {
                const std::size_t p = static_cast<std::size_t>(i) * W + j;
                to[p] = 0.5 * from[p] + 0.125 * (from[p - W] + from[p + W] + from[p - 1] + from[p + 1]);
            }
    std::copy_n(from, n, u);
}
