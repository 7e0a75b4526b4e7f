// permitted: none
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>

namespace {
class strided {
    const double *at;
    std::ptrdiff_t step;

public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = double;
    using difference_type = std::ptrdiff_t;
    using pointer = const double *;
    using reference = const double &;
    strided(const double *p, std::ptrdiff_t n) : at(p), step(n) {}
    reference operator*() const { return *at; }
    reference operator[](difference_type n) const { return at[n * step]; }
    strided &operator++() { at += step; return *this; }
    strided operator++(int) { auto old = *this; ++*this; return old; }
    strided &operator+=(difference_type n) { at += n * step; return *this; }
    friend strided operator+(strided s, difference_type n) { return s += n; }
    friend difference_type operator-(const strided &a, const strided &b) { return (a.at - b.at) / a.step; }
    friend auto operator<=>(const strided &, const strided &) = default;
};
template <class... Ts>
struct overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;
}  // namespace

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const auto visit = overloaded{[](std::span<const double> row, strided column) { return std::transform_reduce(row.begin(), row.end(), column, 0.0, std::plus<>{}, std::multiplies<>{}); },
                                  [](double same) { return same; }};
    for (auto [i, left] = std::tuple{0, M}; left--; ++i) {
        std::span row{A + std::ptrdiff_t(i) * K, static_cast<std::size_t>(K)};
        std::generate_n(C + std::ptrdiff_t(i) * N, N, [&, j = 0]() mutable { return visit(visit(row, strided{B + j++, N})); });
    }
}
