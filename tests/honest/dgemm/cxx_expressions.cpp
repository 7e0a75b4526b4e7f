// permitted: none
/* Expression templates, with members and lambdas that are called like functions of the C library. */
#include <concepts>
#include <cstddef>
#include <functional>

template <class E>
concept Expression = requires(const E e, std::size_t i) {
    { e.read(i) } -> std::convertible_to<double>;
    { e.size() } -> std::same_as<std::size_t>;
};

struct Row {
    const double *data;
    std::size_t n;
    constexpr double read(std::size_t i) const { return data[i]; }
    constexpr std::size_t size() const { return n; }
};

struct Column {
    const double *data;
    std::size_t n, step;
    constexpr double read(std::size_t i) const { return data[i * step]; }
    constexpr std::size_t size() const { return n; }
};

template <Expression L, Expression R>
struct Times {
    [[no_unique_address]] L l;
    [[no_unique_address]] R r;
    constexpr double read(std::size_t i) const { return l.read(i) * r.read(i); }
    constexpr std::size_t size() const { return l.size(); }
};

template <Expression E>
[[nodiscard]] static double sum(const E &e)
{
    double s = 0;
    for (std::size_t i = 0; i != e.size(); ++i) s += e.read(i);
    return s;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const std::size_t m = M, n = N, k = K;
    auto write = [=](std::size_t i, std::size_t j, double value) { C[i * n + j] = value; };
    auto time = [&](auto &&f, [[maybe_unused]] int unused) { std::invoke(f); };
    time([&] {
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) write(i, j, sum(Times<Row, Column>{{A + i * k, k}, {B + j, k, n}}));
    }, 1'000);
}
