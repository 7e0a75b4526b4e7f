// permitted: threads
/* In the manner of Kokkos: views by reference count, policies, a functor with tags. */
#include <cstddef>
#include <utility>

namespace kernels {
struct LayoutRight {};
struct Serial {};
struct OpenMP {};

template <class T, class Layout = LayoutRight>
class View {
    T *m_data = nullptr;
    std::size_t m_extent[2] = {0, 0};

public:
    constexpr View(T *data, std::size_t n0, std::size_t n1) noexcept : m_data(data), m_extent{n0, n1} {}
    [[nodiscard]] constexpr std::size_t extent(int r) const noexcept { return m_extent[r]; }
    [[gnu::always_inline]] inline T &operator()(std::size_t i, std::size_t j) const { return m_data[i * m_extent[1] + j]; }
};

template <class Space>
struct RangePolicy {
    std::size_t begin, end;
};

template <class F>
inline void parallel_for(const char *, RangePolicy<Serial> p, F &&f)
{
    for (std::size_t i = p.begin; i < p.end; ++i) f(i);
}

template <class F>
inline void parallel_for(const char *, RangePolicy<OpenMP> p, F &&f)
{
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 4)
#endif
    for (std::size_t i = p.begin; i < p.end; ++i) f(i);
}
}  // namespace kernels

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    using namespace kernels;
    const View<const double> a(A, M, K), b(B, K, N);
    const View<double> c(C, M, N);
    parallel_for("dgemm", RangePolicy<OpenMP>{0, c.extent(0)}, [=](std::size_t i) {
        for (std::size_t j = 0; j < c.extent(1); ++j) c(i, j) = 0;
        for (std::size_t k = 0; k < a.extent(1); ++k)
            for (std::size_t j = 0; j < c.extent(1); ++j) c(i, j) += a(i, k) * b(k, j);
    });
}
