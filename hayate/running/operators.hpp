// The operators of C on running numbers, comparisons among them.

namespace hy {

template <class X, class Y, class = if_numbers<X, Y>> constexpr auto operator+(const X &x, const Y &y)
{
    using T = joint<X, Y>;
    return sum(in<T>(x), in<T>(y));
}
template <class X, class Y, class = if_numbers<X, Y>> constexpr auto operator-(const X &x, const Y &y)
{
    using T = joint<X, Y>;
    return sum(in<T>(x), -in<T>(y));
}
template <class X, class Y, class = if_numbers<X, Y>> constexpr auto operator*(const X &x, const Y &y)
{
    using T = joint<X, Y>;
    return product(in<T>(x), in<T>(y));
}
template <class X, class Y, class = if_numbers<X, Y>> constexpr auto operator/(const X &x, const Y &y)
{
    using T = joint<X, Y>;
    return quotient(in<T>(x), in<T>(y));
}
template <class I, class T, class = std::enable_if_t<std::is_integral_v<I>>>
constexpr I &operator+=(I &i, const number<T> &x) { return i = I(i + x); }
template <class I, class T, class = std::enable_if_t<std::is_integral_v<I>>>
constexpr I &operator-=(I &i, const number<T> &x) { return i = I(i - x); }
template <class I, class T, class = std::enable_if_t<std::is_integral_v<I>>>
constexpr I &operator*=(I &i, const number<T> &x) { return i = I(i * x); }
template <class I, class T, class = std::enable_if_t<std::is_integral_v<I>>>
constexpr I &operator/=(I &i, const number<T> &x) { return i = I(i / x); }

// Whether rounding could turn a comparison of the two.
template <class T> constexpr bool close(const number<T> &x, const number<T> &y)
{
    const double e = x.error() + y.error();
    return e > 0 && !(size(double(x.v - y.v)) > e);
}

#define HY_COMPARISON(op)                                                                            \
    template <class X, class Y, class = if_numbers<X, Y>> constexpr bool operator op(const X &x, const Y &y) \
    {                                                                                                \
        using T = joint<X, Y>;                                                                       \
        const number<T> l = in<T>(x), r = in<T>(y);                                                  \
        if (close(l, r))                                                                             \
            ++near;                                                                                  \
        return l.v op r.v;                                                                           \
    }
HY_COMPARISON(<)
HY_COMPARISON(>)
HY_COMPARISON(<=)
HY_COMPARISON(>=)
HY_COMPARISON(==)
HY_COMPARISON(!=)
#undef HY_COMPARISON

}  // namespace hy

template <class T> struct std::numeric_limits<hy::number<T>> : std::numeric_limits<double> {
    using L = std::numeric_limits<std::conditional_t<std::is_same_v<T, float>, float, double>>;
    using R = hy::number<T>;
    static constexpr R min() { return R(L::min()); }
    static constexpr R max() { return R(L::max()); }
    static constexpr R lowest() { return R(L::lowest()); }
    static constexpr R epsilon() { return R(L::epsilon()); }
    static constexpr R infinity() { return R(L::infinity()); }
    static constexpr R quiet_NaN() { return R(L::quiet_NaN()); }
    static constexpr int digits = L::digits;
};
