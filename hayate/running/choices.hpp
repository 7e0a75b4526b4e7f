// Choices between running numbers: maxima, absolute values, values from either side of a condition.
#include <utility>

namespace hy {

template <class X> using value_of = number<typename type_in<std::remove_cvref_t<X>>::type>;

// Rounding leaves the sign as it is, and no zero has one that comes of the order of what made it.
template <class T> bool sign_known(const number<T> &x)
{
    return x.v != 0 ? x.error() < size(double(x.v)) || x.error() == 0 : x.kind & given && x.error() == 0;
}

template <class X> auto fabs(const X &given_x)
{
    value_of<X> x(given_x);
    x.kind |= positive;
    if (x.g == 0) {
        x.t = x.error();
        x.w = 0, x.a = size(double(x.v)), x.kind &= ~(pair | given);
    }
    x.v = std::fabs(x.v);  // the sign of a zero, too
    return x;
}

// Both values of a choice are within their errors of each other where rounding could turn it: no branch.
template <class X, class Y> constexpr auto larger(const X &given_x, const Y &given_y)
{
    if constexpr (floats<X> || floats<Y>) {
        using T = joint<X, Y>;
        const number<T> x(given_x), y(given_y);
        if (x.v != x.v || y.v != y.v)
            return number<T>(std::numeric_limits<double>::quiet_NaN());
        number<T> r = x.v > y.v ? x : y;
        if (close(x, y)) {
            const double ex = x.error(), ey = y.error();
            r = number<T>{r.v, size(double(r.v)), ex > ey ? ex : ey, 0, 0, 0, (x.kind | y.kind) & positive};
        } else
            r.kind |= (x.kind | y.kind) & positive;
        return r;
    } else {
        using C = std::common_type_t<X, Y>;
        return C(given_x) > C(given_y) ? C(given_x) : C(given_y);
    }
}
template <class X, class Y> constexpr auto smaller(const X &x, const Y &y)
{
    if constexpr (floats<X> || floats<Y>) {
        const bool sure = value_of<X>(x).kind & value_of<Y>(y).kind & positive;
        auto r = -larger(-value_of<X>(x), -value_of<Y>(y));
        r.kind |= sure ? int(positive) : 0;
        return r;
    } else {
        using C = std::common_type_t<X, Y>;
        return C(x) < C(y) ? C(x) : C(y);
    }
}
template <class X> constexpr auto absolute(const X &x)
{
    if constexpr (floats<X>)
        return fabs(x);
    else
        return x < 0 ? -x : +x;
}

// The comparisons of a condition, and whether one was near a branch.
struct watch {
    long before = near, turned = 0;
    bool see(bool condition) { turned = near - before; return condition; }
};
// r where a condition holds that rounding could turn; else it were `other`.
template <class R, class O> R join(R r, const O &given_other)
{
    const R other(given_other);
    const double apart = size(double(r.v - other.v)), e = r.error(), o = other.error();
    r.g = 0;
    r.kind &= other.kind & positive;
    r.t += apart <= infinite ? apart + (o > e ? o - e : 0) : infinite;
    r.settle(false);
    return r;
}
// The type of `condition ? x : y`.
template <class X, class Y, class = void> struct either { using type = std::common_type_t<X, Y>; };
template <class X, class Y> struct either<X, Y, std::enable_if_t<floats<X> || floats<Y>>> {
    using type = number<joint<X, Y>>;
};
template <class X> struct either<X, X, std::enable_if_t<!floats<X>>> { using type = X; };
template <class X, class Y> typename either<std::decay_t<X>, std::decay_t<Y>>::type arms(const X &, const Y &);

// After a choice that rounding could have turned: `result` and what it would be otherwise; `taken`: they are as they
// are, else the other way round. A choice between numbers is no branch, then: both are within the error.
template <class R> void rejoin(watch &seen, R &result, R &other, bool taken = true)
{
    if (!taken)
        std::swap(result, other);
    if constexpr (floats<R>) {
        near -= seen.turned;
        result = join(result, other);
    }
}

}  // namespace hy
