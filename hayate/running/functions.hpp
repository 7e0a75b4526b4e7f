// The functions of the C library over running numbers.

namespace hy {

// A number without an inner structure: of value v within e.
template <class T> number<T> leaf(typename figures<T>::wide v, double e, int kind = 0)
{
    number<T> r{v, size(double(v)), e, 0, 0, 0, kind};
    r.settle(r.a < figures<T>::tiny && !(v == 0 && e == 0));
    return r;
}

// The result v of a function whose argument's error moves it by `spread`; libraries differ by 2 `roundings` u.
template <class T> number<T> result(typename figures<T>::wide v, double spread, double roundings, int kind = 0)
{
    const double s = size(double(v));
    return leaf<T>(v, s <= DBL_MAX ? spread + roundings * allowance * figures<T>::u * s : spread, kind);
}

// How far a monotone f moves within the error of x: by its slope, or by itself where that is no small step for f.
template <class T, class F> double moved(const number<T> &x, F f, double slope)
{
    const double e = x.error();
    if (e == 0 || !(e < infinite))  // what is not known may be no number
        return e;
    const auto here = f(x.v);
    if (e < 0x1p-20 * size(double(x.v)) && slope * e < 0x1p-20 * size(double(here)))
        return slope * e;
    const double above = size(double(f(x.v + e) - here)), below = size(double(here - f(x.v - e)));
    return 1.01 * (above > below ? above : above <= below ? below : infinite);
}

#define HY_MONOTONE(name, slope, roundings, kind)                                                  \
    template <class X> auto name(const X &given_x)                                                 \
    {                                                                                              \
        const value_of<X> x(given_x);                                                              \
        using W = decltype(x.v);                                                                   \
        const W v = std::name(x.v);                                                                \
        const double f = double(v), z = double(x.v);                                               \
        (void)f, (void)z;                                                                          \
        return result<typename type_in<value_of<X>>::type>(                                        \
            v, moved(x, [](auto y) { return std::name(y); }, size(double(slope))), roundings, kind); \
    }
// exp is also computed as exp2(x * log2(e)): the rounding of that product, and of its factor, is one of the argument.
inline double reduced(double z) { return size(z) <= 1e5 ? 0.75 * size(z) : 0; }
HY_MONOTONE(exp, f, 4 + reduced(z), positive)
HY_MONOTONE(exp2, f * M_LN2, 4 + reduced(z) * M_LN2, positive)
HY_MONOTONE(expm1, f + 1, 4, 0)
HY_MONOTONE(log, 1 / z, 4, 0)
HY_MONOTONE(log2, M_LOG2E / z, 4, 0)
HY_MONOTONE(log10, M_LOG10E / z, 4, 0)
HY_MONOTONE(log1p, 1 / (1 + z), 4, 0)
HY_MONOTONE(cbrt, f / (3 * z), 4, 0)
HY_MONOTONE(asin, 1 / std::sqrt((1 - z) * (1 + z)), 4, 0)
HY_MONOTONE(acos, 1 / std::sqrt((1 - z) * (1 + z)), 4, positive)
HY_MONOTONE(atan, 1 / (1 + z * z), 4, 0)
HY_MONOTONE(sinh, std::cosh(z), 4, 0)
HY_MONOTONE(tanh, (1 - f) * (1 + f), 4, 0)
HY_MONOTONE(asinh, 1 / std::sqrt(1 + z * z), 4, 0)
HY_MONOTONE(acosh, 1 / std::sqrt((z - 1) * (z + 1)), 4, positive)
HY_MONOTONE(atanh, 1 / ((1 - z) * (1 + z)), 4, 0)
HY_MONOTONE(erf, M_2_SQRTPI * std::exp(-z * z), 4, 0)
HY_MONOTONE(erfc, M_2_SQRTPI * std::exp(-z * z), 4, positive)
#undef HY_MONOTONE

// Not monotone: how far it can move, given as an expression in z, f = the value there and e.
#define HY_FUNCTION(name, spread)                                                       \
    template <class X> auto name(const X &given_x)                                      \
    {                                                                                   \
        const value_of<X> x(given_x);                                                   \
        const auto v = std::name(x.v);                                                  \
        const double e = x.error(), z = double(x.v), f = double(v);                     \
        (void)z, (void)f;                                                               \
        return result<typename type_in<value_of<X>>::type>(v, e == 0 || !(e < infinite) ? e : double(spread), 4); \
    }
HY_FUNCTION(sin, std::fmin(size(std::cos(z)) * e + e * e, 2))
HY_FUNCTION(cos, std::fmin(size(std::sin(z)) * e + e * e, 2))
HY_FUNCTION(tan, 8 * e * (1 + f * f) < 1 ? 1.25 * e * (1 + f * f) : infinite)
HY_FUNCTION(cosh, std::sinh(size(z) + e) * e)
template <class F> double numerically(double z, double e, F f)
{
    const double h = std::fmax(e, size(z) * 0x1p-20);
    return e / h * std::fmax(size(f(z + h) - f(z)), size(f(z) - f(z - h)));
}
HY_FUNCTION(tgamma, numerically(z, e, [](double y) { return std::tgamma(y); }))
HY_FUNCTION(lgamma, numerically(z, e, [](double y) { return std::lgamma(y); }))
#undef HY_FUNCTION

template <class X> auto sqrt(const X &given_x)
{
    const value_of<X> x(given_x);
    using T = typename type_in<value_of<X>>::type;
    const auto v = std::sqrt(x.v);
    const double e = x.error(), z = double(x.v);
    if (e == 0)
        return result<T>(v, 0, v == 0 ? 0 : 1, positive);
    if (e <= z)
        return result<T>(v, e / (double(v) + std::sqrt(z - e)), 1, positive);
    // Where order could make it negative, there is no telling; a sum of squares is none of these.
    return result<T>(v, x.kind & positive ? std::sqrt(z + e) : infinite, 1, positive);
}

template <class X, class Y> auto pow(const X &given_x, const Y &given_y)
{
    using T = joint<X, Y>;
    const number<T> x(given_x), y(given_y);
    const auto v = std::pow(x.v, y.v);
    const double ex = x.error(), ey = y.error(), xs = size(double(x.v)), ys = size(double(y.v)), s = size(double(v));
    const bool whole = ey == 0 && std::trunc(y.v) == y.v;
    const double turns = xs > 0 && s > 0 && s <= DBL_MAX ? ys * size(std::log(xs)) : 0;
    double spread = xs == 0 && y.v < 0 && !sign_known(x) ? infinite : 0;  // of which sign is the infinity?
    if (ex > 0)
        spread = ex < xs / (8 + 2 * ys) ? 1.5 * ys * s / xs * ex
                 : whole && y.v > 0     ? std::pow(xs + ex, ys) - (ex < xs ? std::pow(xs - ex, ys) : 0)
                                        : infinite;
    if (ey > 0)
        spread += turns / ys * s * std::expm1(turns / ys * ey) + turns / ys * ey * s;
    // Honest code multiplies for whole powers, and takes exp(y log x) for others.
    return result<T>(v, spread, 4 + turns + (whole && ys <= 64 ? ys : 0), x.kind & positive);
}

template <class X, class Y> auto hypot(const X &given_x, const Y &given_y)
{
    using T = joint<X, Y>;
    const number<T> x(given_x), y(given_y);
    const auto v = std::hypot(x.v, y.v);
    const double ex = x.error(), ey = y.error(), s = double(v);
    const double spread = ex + ey == 0 ? 0 : s > ex + ey ? (size(double(x.v)) * ex + size(double(y.v)) * ey) / s + ex * ey / s
                                                         : ex + ey;
    return result<T>(v, spread, 4, positive);
}

template <class Y, class X> auto atan2(const Y &given_y, const X &given_x)
{
    using T = joint<X, Y>;
    const number<T> x(given_x), y(given_y);
    const double ex = x.error(), ey = y.error(), r = double(std::hypot(x.v, y.v));
    double spread = y.v == 0 && !sign_known(y) && !(x.v > 0) ? infinite : 0;
    if (ex + ey > 0) {
        const bool cut = x.v < ex && size(double(y.v)) <= ey;
        spread = cut || 2 * (ex + ey) >= r ? infinite
                                           : 2 * (size(double(x.v)) / r * ey + size(double(y.v)) / r * ex) / r;
    }
    return result<T>(std::atan2(y.v, x.v), spread, 4);
}

template <class X, class Y> auto fmod(const X &given_x, const Y &given_y)
{
    using T = joint<X, Y>;
    const number<T> x(given_x), y(given_y);
    const auto v = std::fmod(x.v, y.v);
    const double s = size(double(v)), ys = size(double(y.v)), ex = x.error(), ey = y.error();
    double e = ex + (ey > 0 ? size(double(std::trunc(x.v / y.v))) * ey : 0);
    if (e > 0 && (s <= e || ys - s <= e))
        e += ys;
    return leaf<T>(v, e);
}

// Steps: where the error reaches over one, the result is uncertain by it, and only its use in a branch is counted.
template <class X, class F> auto step(const X &given_x, F f)
{
    using T = typename type_in<value_of<X>>::type;
    const value_of<X> x(given_x);
    const auto v = f(x.v);
    const double e = x.error(), up = double(f(x.v + e) - v), down = double(v - f(x.v - e));
    number<T> r = leaf<T>(v, !(e < infinite) ? infinite : e == 0 ? 0 : up > down ? up : down);
    if (r.t == 0 && r.finite())
        r.m = r.a, r.g = lowest_bit(double(v));
    return r;
}
#define HY_STEP(name)                                                                              \
    template <class X> auto name(const X &x) { return step(x, [](auto y) { return std::name(y); }); }
HY_STEP(floor)
HY_STEP(ceil)
HY_STEP(trunc)
HY_STEP(round)
HY_STEP(rint)
HY_STEP(nearbyint)
#undef HY_STEP

template <class X, class Y> auto fmax(const X &x, const Y &y) { return larger(value_of<X>(x), value_of<Y>(y)); }
template <class X, class Y> auto fmin(const X &x, const Y &y) { return smaller(value_of<X>(x), value_of<Y>(y)); }
template <class X, class Y> auto fdim(const X &x, const Y &y) { return larger(value_of<X>(x) - y, 0); }
template <class X, class Y> auto copysign(const X &given_x, const Y &given_y)
{
    const value_of<Y> y(given_y);
    auto x = hy::fabs(given_x);
    if (!sign_known(y))
        x = join(x, -x);
    return std::signbit(y.v) ? -x : x;
}
template <class X> auto ldexp(const X &given_x, int n)
{
    value_of<X> x(given_x);
    const double by = std::ldexp(1.0, n);
    x.v *= by, x.a *= by, x.t *= by, x.m *= by, x.g *= by;
    x.settle(size(double(x.v)) < figures<typename type_in<value_of<X>>::type>::tiny && !x.nil());
    return x;
}

}  // namespace hy

// hy_sqrt for sqrt, of its argument's type, and hy_sqrtf for sqrtf, of float.
#define HY_ONE(name)                                                                  \
    template <class X> auto hy_##name(const X &x) { return hy::name(x); }             \
    template <class X> hy_float hy_##name##f(const X &x) { return hy::name(hy_float(x)); }
#define HY_TWO(name)                                                                                    \
    template <class X, class Y> auto hy_##name(const X &x, const Y &y) { return hy::name(x, y); }       \
    template <class X, class Y> hy_float hy_##name##f(const X &x, const Y &y) { return hy::name(hy_float(x), hy_float(y)); }
HY_ONE(exp) HY_ONE(exp2) HY_ONE(expm1) HY_ONE(log) HY_ONE(log2) HY_ONE(log10) HY_ONE(log1p) HY_ONE(cbrt) HY_ONE(sqrt)
HY_ONE(asin) HY_ONE(acos) HY_ONE(atan) HY_ONE(sinh) HY_ONE(tanh) HY_ONE(asinh) HY_ONE(acosh) HY_ONE(atanh)
HY_ONE(erf) HY_ONE(erfc) HY_ONE(sin) HY_ONE(cos) HY_ONE(tan) HY_ONE(cosh) HY_ONE(tgamma) HY_ONE(lgamma)
HY_ONE(fabs) HY_ONE(floor) HY_ONE(ceil) HY_ONE(trunc) HY_ONE(round) HY_ONE(rint) HY_ONE(nearbyint)
HY_TWO(pow) HY_TWO(hypot) HY_TWO(atan2) HY_TWO(fmod) HY_TWO(fmax) HY_TWO(fmin) HY_TWO(fdim) HY_TWO(copysign)
#undef HY_ONE
#undef HY_TWO
template <class X, class Y, class Z> auto hy_fma(const X &x, const Y &y, const Z &z) { return hy::value_of<X>(x) * y + z; }
template <class X, class Y, class Z> hy_float hy_fmaf(const X &x, const Y &y, const Z &z) { return hy_float(x) * hy_float(y) + hy_float(z); }
template <class X> auto hy_ldexp(const X &x, int n) { return hy::ldexp(x, n); }
template <class X> hy_float hy_ldexpf(const X &x, int n) { return hy::ldexp(hy_float(x), n); }
template <class X> long hy_lrint(const X &x) { return long(hy::rint(x)); }
template <class X> long hy_lround(const X &x) { return long(hy::round(x)); }
template <class X> bool hy_isnan(const X &x) { return std::isnan(hy::value_of<X>(x).v); }
template <class X> bool hy_isinf(const X &x) { return std::isinf(hy::value_of<X>(x).v); }
template <class X> bool hy_isfinite(const X &x) { return std::isfinite(hy::value_of<X>(x).v); }
template <class X> bool hy_signbit(const X &given_x)
{
    const hy::value_of<X> x(given_x);
    hy::near += !hy::sign_known(x);
    return std::signbit(x.v);
}
template <class X> auto hy_abs(const X &x)
{
    if constexpr (hy::floats<X>)
        return hy::fabs(x);
    else
        return x < 0 ? -x : +x;
}
