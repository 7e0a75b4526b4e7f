// Between the arrays of a call and those of running numbers.
#include <bit>
#include <new>
#include <vector>

namespace hy {

inline int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
inline int64_t floor_modulo(int64_t a, int64_t b) { return a - floor_divide(a, b) * b; }
inline int64_t power(int64_t a, int64_t b)
{
    int64_t r = 1;
    while (b-- > 0)
        r *= a;
    return r;
}

inline double value(double v) { return v; }
// An integer of 64 bits is given bit by bit, for not all of them are doubles.
template <class I, class = std::enable_if_t<std::is_integral_v<I>>> double value(I v)
{
    if constexpr (sizeof(I) == sizeof(double))
        return std::bit_cast<double>(v);
    else
        return double(v);
}
template <class T> double value(const number<T> &x) { return double(x.v); }
template <class I, class = std::enable_if_t<std::is_integral_v<I>>> double bound_of(I) { return 0; }

// An array of a call: `Raw` in memory, `R` for the reference; `parts` of them are one element.
template <class R, class Raw> struct array {
    std::vector<R> held;
    const Raw *raw;
    int parts;

    // `come`: it has values before the call. Else nothing is known of what the reference does not write.
    array(const void *memory, int64_t count, int parts, bool come) : raw(static_cast<const Raw *>(memory)), parts(parts)
    {
        held.resize(size_t(count * parts > 0 ? count * parts : 1));
        for (int64_t i = 0; i < count * parts; i++)
            if (come)
                held[size_t(i)] = R(raw[i]);
            else if constexpr (floats<R>)
                held[size_t(i)] = R(std::numeric_limits<double>::quiet_NaN());
    }
    hy_any pointer() { return {held.data()}; }

    // What is beyond the extent in any dimension must be as it was; of an output that is not looked at.
    void give(double *want, double *bound, const std::vector<int64_t> &shape, const std::vector<int64_t> &extent, bool come)
    {
        const size_t count = held.size() / size_t(parts);
        for (int64_t n : shape)
            if (n <= 0)
                return;
        std::vector<int64_t> at(shape.size(), 0);
        for (size_t i = 0; i < count; i++) {
            bool padding = false;
            for (size_t d = 0; d < shape.size(); d++)
                padding |= at[d] >= extent[d];
            for (size_t k = i * size_t(parts); k < (i + 1) * size_t(parts); k++) {
                want[k] = padding ? come ? value(raw[k]) : 0 : value(held[k]);
                bound[k] = padding ? come ? 0 : infinite : bound_of(held[k]);
            }
            for (size_t d = shape.size(); d-- > 0 && ++at[d] == shape[d];)
                at[d] = 0;
        }
    }
};

template <class X> void give_one(const X &x, double *want, double *bound)
{
    if constexpr (is_complex<X>::value) {
        give_one(x.re, want, bound);
        give_one(x.im, want + 1, bound + 1);
    } else
        *want = value(x), *bound = bound_of(x);
}

}  // namespace hy
