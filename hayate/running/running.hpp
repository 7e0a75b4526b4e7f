// Running numbers: a value at a higher precision with a bound on the error that any honest order of its operations
// makes. docs/any-kernel.md has the rules. All that is not local is in the namespace hy or begins with hy_.
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>

namespace hy {

// A rounding may cost this many unit roundoffs: 1 is what one operation costs, the rest is what honest rewritings add,
// x * (1 / y) for x / y, or a * b + a * c for a * (b + c).
constexpr double allowance = 2;

struct literal;  // the type of unsuffixed literals: it adapts to what it meets, so that 0.5 * x is float where x is

// u: the unit roundoff. tiny: honest code may flush what is smaller to zero. bits: 2 to the bits of a mantissa.
template <class T> struct figures;
template <> struct figures<double> {
    using wide = long double;
    static constexpr int rank = 2;
    static constexpr double u = 0x1p-53, tiny = 4 * DBL_MIN, huge = DBL_MAX, bits = 0x1p53;
};
template <> struct figures<literal> : figures<double> {
    static constexpr int rank = 0;
};
template <> struct figures<float> {
    using wide = double;
    static constexpr int rank = 1;
    static constexpr double u = 0x1p-24, tiny = 4 * FLT_MIN, huge = FLT_MAX, bits = 0x1p24;
};

inline long near = 0;         // comparisons and conversions so far that rounding could have turned
inline double additions = 0;  // the sum of u over all additions so far: no path through the program rounds more often

constexpr double infinite = std::numeric_limits<double>::infinity();
enum kind { given = 1, pair = 2, positive = 4 };

// The largest power of two of which v is a multiple; 0 if v is 0, odd, or so small that this is no normal number.
constexpr double lowest_bit(double v)
{
    const uint64_t bits = std::bit_cast<uint64_t>(v);
    const uint64_t fraction = bits & ((1ull << 52) - 1);
    const int exponent = int(bits >> 52 & 2047);
    if (exponent == 0 || exponent == 2047)
        return 0;
    const int place = exponent - 52 + (fraction ? __builtin_ctzll(fraction) : 52);
    return place > 0 ? std::bit_cast<double>(uint64_t(place) << 52) : 0;
}

template <class T> constexpr T size(T v) { return v < 0 ? -v : v; }

template <class T> struct number {
    using F = figures<T>;
    using wide = typename F::wide;

    wide v;    // the value
    double a;  // the sum of the absolute values of the terms that it is a sum of
    double t;  // the bound of the errors of those terms
    double w;  // u times the additions that join them, so that t + w a bounds the error of any order of them
    double m;  // while it is exact: the value that the absolute values of all numbers in it would give
    double g;  // while it is exact: a power of two of which all of them are multiples; else 0
    int kind;  // given: as it came in. pair: the sum of two such. positive: no order makes it negative

    number() = default;
    constexpr number(wide v, double a, double t, double w, double m, double g, int kind)
        : v(v), a(a), t(t), w(w), m(m), g(g), kind(kind)
    {
    }
    // What all honest code has alike: an input, a literal, an integer.
    template <class A, class = std::enable_if_t<std::is_arithmetic_v<A>>>
    constexpr number(A given_value) : number(wide(given_value), 0, 0, 0, 0, 0, given)
    {
        const double size = hy::size(double(v));
        kind |= v >= 0 ? positive : 0;
        if (!(size <= DBL_MAX)) {
            t = v != v ? infinite : 0;
            return;
        }
        a = m = size;
        g = lowest_bit(double(v));
        if (size < F::tiny)
            t = size;  // honest code may flush it to zero
        if (size > F::huge)
            t = infinite;
        if (F::rank == 1 ? wide(float(v)) != v : wide(double(v)) != v)
            t += F::u * allowance * size, kind &= ~given, g = 0;  // it does not fit
    }
    // From another type: exact to a wider one, rounded to a narrower one unless it fits.
    template <class U>
    constexpr number(const number<U> &x)
        : number(wide(x.v), x.a, x.t, x.w, x.m, x.g, x.kind)
    {
        if (F::u <= figures<U>::u)
            return;
        const double size = hy::size(double(v));
        const bool fits = x.g > 0 && (x.m <= F::bits * x.g || (x.kind & given && size <= F::bits * x.g));
        if (!fits && size != 0) {
            g = 0;
            kind &= ~given;
            if (w > 0) {
                additions += F::u;
                w += F::u * allowance;
            } else
                t += F::u * allowance * size;
        }
        settle(size < F::tiny && size != 0);
    }

    constexpr double error() const
    {
        return g > 0 ? 0 : w > 0 ? t + w * (kind & pair ? size(double(v)) : a) : t;
    }
    // A zero that is none by cancellation: adding it rounds nothing, and what it multiplies is zero.
    constexpr bool nil() const { return v == 0 && a == 0 && t == 0; }
    constexpr bool power_of_two() const { return kind & given && g > 0 && size(double(v)) == g; }
    constexpr bool finite() const { return size(double(v)) <= DBL_MAX; }

    // After an operation: what underflows, overflows or is no number.
    constexpr void settle(bool small)
    {
        if (small && g == 0)
            t += F::tiny;
        if (v - v != 0) {
            t = v != v || !(t < infinite) ? infinite : 0;  // an infinity made of exact ones is exact
            a = w = m = g = 0;
        } else if (!(t + w * a < infinite) || size(double(v)) > F::huge)
            t = infinite, g = 0;
    }

    template <class B> constexpr number &operator+=(const B &b) { return *this = number(*this + b); }
    template <class B> constexpr number &operator-=(const B &b) { return *this = number(*this - b); }
    template <class B> constexpr number &operator*=(const B &b) { return *this = number(*this * b); }
    template <class B> constexpr number &operator/=(const B &b) { return *this = number(*this / b); }
    constexpr number &operator++() { return *this += 1; }
    constexpr number &operator--() { return *this -= 1; }
    constexpr number operator++(int) { number old = *this; *this += 1; return old; }
    constexpr number operator--(int) { number old = *this; *this -= 1; return old; }
    constexpr number operator+() const { return *this; }
    constexpr number operator-() const { return {-v, a, t, w, m, g, kind & ~positive}; }
    constexpr bool operator!() const { return !bool(*this); }

    template <class I, class = std::enable_if_t<std::is_integral_v<I>>> constexpr operator I() const
    {
        const double e = error();
        if constexpr (std::is_same_v<I, bool>) {
            near += e > 0 && size(double(v)) <= e;
            return v != 0;
        } else {
            if (e > 0)
                near += !(e < infinite) || std::trunc(v - e) != std::trunc(v + e);
            return I(v);
        }
    }
};

template <class X> struct is_number : std::false_type {};
template <class T> struct is_number<number<T>> : std::true_type {};
template <class X> constexpr bool floats = is_number<std::remove_cvref_t<X>>::value;

// The type of an operation on two: the wider one; an integer takes the other's.
template <class X> struct type_in { using type = literal; };
template <class T> struct type_in<number<T>> { using type = T; };
template <> struct type_in<float> { using type = float; };
template <> struct type_in<double> { using type = double; };
template <class X, class Y>
using joint = std::conditional_t<(figures<typename type_in<X>::type>::rank >= figures<typename type_in<Y>::type>::rank),
                                 typename type_in<X>::type, typename type_in<Y>::type>;
template <class X, class Y>
using if_numbers = std::enable_if_t<(floats<X> && (floats<Y> || std::is_arithmetic_v<Y>)) ||
                                    (floats<Y> && std::is_arithmetic_v<X>)>;

// An operand of an operation in T. Only an integer is rounded to it: a float is exact in double.
template <class T, class X> constexpr number<T> in(const X &x) { return number<T>(x); }

// Whether all numbers that any way to compute r makes on its way fit: multiples of g, none larger than m.
template <class T> constexpr bool exact(const number<T> &r)
{
    return r.g >= figures<T>::tiny && r.m <= figures<T>::bits * r.g && r.m <= figures<T>::huge;
}

// A zero whose sign is not followed.
template <class T> constexpr number<T> unsigned_zero() { return {0, 0, 0, 0, 0, 0, positive}; }

template <class T> constexpr number<T> sum(const number<T> &x, const number<T> &y)
{
    using F = figures<T>;
    if (x.nil() && y.nil())
        return unsigned_zero<T>();
    if (x.nil())
        return y;
    if (y.nil())
        return x;
    additions += F::u * allowance;
    // n additions in any order cost n u a; the allowance is for the first only, as short sums are what is rewritten.
    const double more = F::u * (x.w == 0 && y.w == 0 ? allowance : 1);
    number<T> r{x.v + y.v, x.a + y.a, x.t + y.t, x.w + y.w + more, x.m + y.m, x.g < y.g ? x.g : y.g,
                (x.kind & y.kind & given ? pair : 0) | (x.kind & y.kind & positive)};
    if (r.w > additions)
        r.w = additions;
    if (!exact(r))
        r.g = 0;
    r.settle(size(double(r.v)) < F::tiny);
    return r;
}

template <class T> constexpr number<T> product(const number<T> &x, const number<T> &y)
{
    using F = figures<T>;
    const double xs = size(double(x.v)), ys = size(double(y.v)), ex = x.error(), ey = y.error();
    if ((x.nil() && ys + ey < infinite) || (y.nil() && xs + ex < infinite))
        return unsigned_zero<T>();
    const typename F::wide v = x.v * y.v;
    const double s = size(double(v));
    const bool square = x.v == y.v && ex == ey && x.a == y.a;
    number<T> r{v, s, 0, 0, x.m * y.m, x.g * y.g, square ? int(positive) : x.kind & y.kind & positive};
    if (!exact(r)) {
        r.g = 0;
        r.t = (ex > 0 ? (ys + ey) * ex : 0) + (ey > 0 ? xs * ey : 0);
        if (!x.power_of_two() && !y.power_of_two())
            r.t += F::u * allowance * s;
    }
    r.settle(s < F::tiny);
    return r;
}

template <class T> constexpr number<T> quotient(const number<T> &x, const number<T> &y)
{
    using F = figures<T>;
    const double ys = size(double(y.v)), ex = x.error(), ey = y.error();
    if (y.power_of_two() && ys > 0x1p-1000 && ys < 0x1p1000)
        return product(x, number<T>(1 / double(y.v)));
    number<T> r{x.v / y.v, 0, 0, 0, 0, 0, x.kind & y.kind & positive};
    const double s = r.a = size(double(r.v));
    if (y.finite() && !(ey < ys))
        r.t = y.nil() && y.kind & given && ex == 0 ? 0 : infinite;  // else the infinity's sign is not known
    else if (!(ex + ey < infinite))
        r.t = infinite;
    else if (x.nil())
        return unsigned_zero<T>();
    else if (y.finite())
        r.t = (ex + (ey > 0 ? s * ey : 0)) / (ys - ey) + F::u * allowance * s;
    r.settle(s < F::tiny);
    return r;
}

// The bound of a number that is written to memory as T. Infinite: nothing is known.
template <class T> double bound_of(const number<T> &x)
{
    const double e = x.error();
    return e == 0 ? 0 : e < infinite ? e + figures<T>::u * size(double(x.v)) + figures<T>::tiny : infinite;
}

}  // namespace hy

using hy_double = hy::number<double>;
using hy_float = hy::number<float>;
using hy_literal = hy::number<hy::literal>;
constexpr hy_literal hy_given(double x) { return hy_literal(x); }
constexpr hy_float hy_given(float x) { return hy_float(x); }
template <class T> constexpr hy::number<T> hy_given(hy::number<T> x) { return x; }
