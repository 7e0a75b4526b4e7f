#include "values.h"

#include <math.h>
#include <string.h>

static inline double unit(uint64_t x) /* [0, 1) */
{
    return (double)(int64_t)(x >> 11) * 0x1p-53;
}

static inline uint64_t below(uint64_t x, uint64_t n) /* 0 to n - 1, from the upper half of x; no division */
{
    return ((x >> 32) * n) >> 32;
}

static inline double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void fill(double *array, int64_t length, uint64_t seed, int distribution, int bits, double factor)
{
    const uint64_t mask = (1ULL << bits) - 1;
    seed = mix(seed);
    switch (distribution) {
    case 0:
        for (int64_t i = 0; i < length; i++) array[i] = 2.0 * unit(mix(seed + (uint64_t)i)) - 1.0;
        break;
    case 1:
        for (int64_t i = 0; i < length; i++) {
            const uint64_t r = mix(seed + (uint64_t)i), exponent = 1023 - 20 + below(mix(r), 41);
            array[i] = (2.0 * unit(r) - 1.0) * from_bits(exponent << 52);
        }
        break;
    case 2:
        for (int64_t i = 0; i < length; i++) {
            const uint64_t r = mix(seed + (uint64_t)i);
            const double value = (double)(int64_t)(r & mask) * factor;
            array[i] = r >> 63 ? -value : value;
        }
        break;
    default:
        for (int64_t i = 0; i < length; i++) {
            const uint64_t r = mix(seed + (uint64_t)i);
            const uint64_t kept = below(r, 10) ? 0 : ~0ULL;
            array[i] = from_bits(bits_of(unit(mix(r)) + 0.5) & kept);
        }
    }
}

/* A NaN exceeds every bound; so does an infinity, although an opponent's makes the bound infinite. */
static inline int within(double error, double bound) { return (error <= bound) & (error < INFINITY); }

static inline double bound_of(double want, double scale, double gamma, int exactly)
{
    return exactly ? 0.0 : gamma * scale + 0x1p-53 * fabs(want);
}

void compare(struct error *found, int array, int64_t length, const double *got, const double *want, const double *scale,
             double gamma, int exactly)
{
    int64_t bad = 0, largest = 0; /* of what is not negative the bits are in its order; a vector has their maximum */
    for (int64_t k = 0; k < length; k++) {
        const double bound = bound_of(want[k], scale[k], gamma, exactly), error = fabs(got[k] - want[k]);
        const double share = error / (bound + 0x1p-1022);
        const int64_t bits = (int64_t)(bits_of(share) & (share >= 0 ? ~0ULL : 0));
        bad += within(error, bound) ? 0 : 1;
        largest = bits > largest ? bits : largest;
    }
    const double worst = from_bits((uint64_t)largest);
    found->worst = worst > found->worst ? worst : found->worst;
    if (!bad || found->array >= 0) return;
    for (int64_t k = 0; k < length; k++) {
        const double bound = bound_of(want[k], scale[k], gamma, exactly);
        if (within(fabs(got[k] - want[k]), bound)) continue;
        *found = (struct error){found->worst, array, bad, length, k, got[k], want[k], bound};
        return;
    }
}
