#include "values.h"

#include <math.h>
#include <string.h>

/* The upper 53 bits of a word make the value, the lower 11 what else is needed. */
static inline double unit(uint64_t x) /* [0, 1) */
{
    return (double)(int64_t)(x >> 11) * 0x1p-53;
}

static inline uint64_t below(uint64_t x, uint64_t n) /* 0 to n - 1 from the lower 11 bits */
{
    return ((x & 2047) * n) >> 11;
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

static inline double power(uint64_t x) /* of two, over twelve decades */
{
    return from_bits((1023 - 20 + below(x, 41)) << 52);
}

static void values_of(double *restrict to, const uint64_t *restrict words, int n, int distribution, uint64_t mask,
                      double factor)
{
    const uint64_t share = (uint64_t)(factor * 2048); /* of values that are not zero */
    switch (distribution) {
    case HY_WIDE:
        for (int i = 0; i < n; i++) to[i] = (2.0 * unit(words[i]) - 1.0) * power(words[i]);
        break;
    case HY_INTEGERS:
        for (int i = 0; i < n; i++) {
            const double value = (double)(int64_t)(words[i] & mask) * factor;
            to[i] = words[i] >> 63 ? -value : value;
        }
        break;
    case HY_SPARSE:
        for (int i = 0; i < n; i++) {
            const uint64_t kept = (words[i] & 2047) < share ? ~0ULL : 0, sign = words[i] & 1ULL << 63;
            to[i] = from_bits(((bits_of(unit(words[i] << 1) + 0.5)) | sign) & kept);
        }
        break;
    default:
        for (int i = 0; i < n; i++) to[i] = 2.0 * unit(words[i]) - 1.0;
    }
}

void fill(double *array, int64_t length, const struct hy_key *key, uint64_t call, int number, int distribution,
          int bits, double factor)
{
    const uint64_t mask = (1ULL << bits) - 1;
    uint64_t words[HY_STREAM_WORDS];
    uint32_t chunk = 0;
    for (int64_t done = 0; done < length; done += HY_STREAM_WORDS, chunk++) {
        const int n = length - done < HY_STREAM_WORDS ? (int)(length - done) : HY_STREAM_WORDS;
        hy_chunk(key, call, HY_VALUES + (uint32_t)number, chunk, words);
        values_of(array + done, words, n, distribution, mask, factor);
    }
    if (distribution != HY_GRADED) return;
    struct hy_stream grades = hy_stream_of(key, call, HY_EXPONENTS + (uint32_t)number);
    const int64_t run = factor < 1 ? 1 : (int64_t)factor;
    for (int64_t start = 0; start < length; start += run) {
        const double grade = power(hy_word(&grades));
        const int64_t end = start + run < length ? start + run : length;
        for (int64_t i = start; i < end; i++) array[i] *= grade;
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
