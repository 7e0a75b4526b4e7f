// Complex numbers as pairs of running ones.
#include <complex>

template <class R> struct hy_complex;
namespace hy {
template <class X> struct part { using type = value_of<X>; };
template <class R> struct part<hy_complex<R>> { using type = R; };
template <class X> struct is_complex : std::false_type {};
template <class R> struct is_complex<hy_complex<R>> : std::true_type {};
template <class X, class Y>
using joint_complex = hy_complex<number<joint<typename part<X>::type, typename part<Y>::type>>>;
template <class X, class Y>
using if_complex = std::enable_if_t<(is_complex<X>::value && (is_complex<Y>::value || floats<Y> || std::is_arithmetic_v<Y>)) ||
                                    (is_complex<Y>::value && (floats<X> || std::is_arithmetic_v<X>))>;
}  // namespace hy

template <class R> struct hy_complex {
    using value_type = R;
    R re, im;

    hy_complex() = default;
    template <class X, class = std::enable_if_t<hy::floats<X> || std::is_arithmetic_v<X>>>
    constexpr hy_complex(const X &x) : re(x), im(0) {}
    template <class X, class Y> constexpr hy_complex(const X &x, const Y &y) : re(x), im(y) {}
    template <class S> constexpr hy_complex(const hy_complex<S> &z) : re(z.re), im(z.im) {}
    // C drops the imaginary part where a real number is wanted.
    template <class T> constexpr operator hy::number<T>() const { return re; }

    const R &real() const { return re; }
    const R &imag() const { return im; }
    void real(const R &x) { re = x; }
    void imag(const R &x) { im = x; }
    template <class B> hy_complex &operator+=(const B &b) { return *this = hy_complex(*this + b); }
    template <class B> hy_complex &operator-=(const B &b) { return *this = hy_complex(*this - b); }
    template <class B> hy_complex &operator*=(const B &b) { return *this = hy_complex(*this * b); }
    template <class B> hy_complex &operator/=(const B &b) { return *this = hy_complex(*this / b); }
    hy_complex operator+() const { return *this; }
    hy_complex operator-() const { return {-re, -im}; }
};

namespace hy {
template <class X, class Y, if_complex<X, Y> * = nullptr> auto operator+(const X &given_x, const Y &given_y)
{
    const joint_complex<X, Y> x(given_x), y(given_y);
    return joint_complex<X, Y>(x.re + y.re, x.im + y.im);
}
template <class X, class Y, if_complex<X, Y> * = nullptr> auto operator-(const X &given_x, const Y &given_y)
{
    const joint_complex<X, Y> x(given_x), y(given_y);
    return joint_complex<X, Y>(x.re - y.re, x.im - y.im);
}
template <class X, class Y, if_complex<X, Y> * = nullptr> auto operator*(const X &given_x, const Y &given_y)
{
    const joint_complex<X, Y> x(given_x), y(given_y);
    return joint_complex<X, Y>(x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re);
}
template <class X, class Y, if_complex<X, Y> * = nullptr> auto operator/(const X &given_x, const Y &given_y)
{
    const joint_complex<X, Y> x(given_x), y(given_y);
    if (y.im.nil())
        return joint_complex<X, Y>(x.re / y.re, x.im / y.re);
    const auto scale = y.re * y.re + y.im * y.im;
    return joint_complex<X, Y>((x.re * y.re + x.im * y.im) / scale, (x.im * y.re - x.re * y.im) / scale);
}
template <class X, class Y, if_complex<X, Y> * = nullptr> bool operator==(const X &given_x, const Y &given_y)
{
    const joint_complex<X, Y> x(given_x), y(given_y);
    return x.re == y.re && x.im == y.im;
}
template <class X, class Y, if_complex<X, Y> * = nullptr> bool operator!=(const X &x, const Y &y) { return !(x == y); }

template <class X> using complex_of = hy_complex<typename part<X>::type>;

// A function of a complex number: its slope times the error, and 4 roundings, on both parts.
template <class X, class F, class S> auto analytic(const X &given_z, F f, S slope, bool pole)
{
    const complex_of<X> z(given_z);
    using T = typename type_in<typename part<X>::type>::type;
    using C = std::complex<typename figures<T>::wide>;
    const C at(z.re.v, z.im.v), v = f(at);
    const double e = std::hypot(z.re.error(), z.im.error()), s = std::abs(std::complex<double>(v));
    const double spread = e == 0 ? 0 : pole && 4 * e >= std::abs(at) ? infinite : 2 * e * double(slope(at, v));
    const double error = spread + 4 * allowance * figures<T>::u * s;
    return hy_complex<number<T>>(leaf<T>(v.real(), error), leaf<T>(v.imag(), error));
}
}  // namespace hy

using hy_complex_double = hy_complex<hy_double>;
using hy_complex_float = hy_complex<hy_float>;
constexpr hy_complex<hy_literal> hy_I{0, 1};

template <class X> auto hy_creal(const X &z) { return hy::complex_of<X>(z).re; }
template <class X> auto hy_cimag(const X &z) { return hy::complex_of<X>(z).im; }
template <class X> auto hy_conj(const X &given_z)
{
    const hy::complex_of<X> z(given_z);
    return hy::complex_of<X>(z.re, -z.im);
}
template <class X> auto hy_cabs(const X &given_z)
{
    const hy::complex_of<X> z(given_z);
    return hy::hypot(z.re, z.im);
}
template <class X> auto hy_carg(const X &given_z)
{
    const hy::complex_of<X> z(given_z);
    return hy::atan2(z.im, z.re);
}
template <class X> auto hy_norm(const X &given_z)
{
    const hy::complex_of<X> z(given_z);
    return z.re * z.re + z.im * z.im;
}
template <class X> auto hy_cexp(const X &given_z)
{
    const hy::complex_of<X> z(given_z);
    if (z.re.nil())
        return hy::complex_of<X>(hy::cos(z.im), hy::sin(z.im));
    const auto r = hy::exp(z.re);
    return hy::complex_of<X>(r * hy::cos(z.im), r * hy::sin(z.im));
}
template <class X> auto hy_csqrt(const X &z)
{
    return hy::analytic(z, [](auto x) { return std::sqrt(x); }, [](auto, auto v) { return 0.5 / std::abs(v); }, true);
}
template <class X> auto hy_clog(const X &z)
{
    return hy::analytic(z, [](auto x) { return std::log(x); }, [](auto x, auto) { return 1 / std::abs(x); }, true);
}
template <class X, class Y> auto hy_polar(const X &r, const Y &angle)
{
    return hy::joint_complex<X, Y>(hy::value_of<X>(r) * hy::cos(angle), hy::value_of<X>(r) * hy::sin(angle));
}
#define HY_COMPLEX_FLOAT(name)                                                \
    template <class X> auto hy_##name##f(const X &z) { return hy_##name(hy_complex_float(z)); }
HY_COMPLEX_FLOAT(creal) HY_COMPLEX_FLOAT(cimag) HY_COMPLEX_FLOAT(conj) HY_COMPLEX_FLOAT(cabs) HY_COMPLEX_FLOAT(carg)
HY_COMPLEX_FLOAT(cexp) HY_COMPLEX_FLOAT(csqrt) HY_COMPLEX_FLOAT(clog)
#undef HY_COMPLEX_FLOAT
template <class R> auto hy_exp(const hy_complex<R> &z) { return hy_cexp(z); }
template <class R> auto hy_sqrt(const hy_complex<R> &z) { return hy_csqrt(z); }
template <class R> auto hy_log(const hy_complex<R> &z) { return hy_clog(z); }
template <class R> auto hy_abs(const hy_complex<R> &z) { return hy_cabs(z); }
template <class R> auto hy_fabs(const hy_complex<R> &z) { return hy_cabs(z); }
