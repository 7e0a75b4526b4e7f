#include "values.h"

#include "bits.h"
#include "elements.h"
#include "process.h"
#include "structures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double between(double u, double low, double high, int mode)
{
    const double near = mode ? u * u * u * u * u * u : u;
    const double share = mode == 2 ? 1 - near : near;
    return low + (high - low) * share;
}

static void values_of(double *restrict to, const uint64_t *restrict words, int n, const struct filling *what)
{
    const uint64_t mask = (1ULL << (what->kind == HY_INTEGERS ? (int)what->a : 1)) - 1;
    const double factor = what->b, low = what->a, high = what->b;
    const uint64_t share = what->kind == HY_SPARSE ? (uint64_t)(factor * 2048) : 0; /* of values that are not zero */
    switch (what->kind) {
    case HY_WIDE:
    case HY_GRADED:
        for (int i = 0; i < n; i++) to[i] = 2.0 * unit(words[i]) - 1.0;
        if (what->kind == HY_WIDE)
            for (int i = 0; i < n; i++) to[i] *= power(words[i]);
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
    case HY_BETWEEN:
    case HY_INCREASING:
        for (int i = 0; i < n; i++) to[i] = between(unit(words[i]), low, high, what->c);
        break;
    case HY_CONSTANT:
        for (int i = 0; i < n; i++) to[i] = low;
        break;
    default:
        for (int i = 0; i < n; i++) to[i] = 2.0 * unit(words[i]) - 1.0;
    }
}

static uint64_t whole_of(uint64_t word, uint64_t low, uint64_t high)
{
    const uint64_t span = high - low + 1; /* 0 is all of 64 bits */
    return low + (span ? (uint64_t)((unsigned __int128)word * span >> 64) : word);
}

static uint64_t mixed(uint64_t word, int64_t low, int64_t high)
{
    enum { SMALL = 16 };
    const uint64_t value = __builtin_bswap64(word) * 0x9e3779b97f4a7c15ULL; /* no bit of it says which kind it is */
    switch (word & 7) {
    case 0:
    case 1: return whole_of(value, (uint64_t)(low < -SMALL ? -SMALL : low), (uint64_t)(high > SMALL ? SMALL : high));
    case 2:
    case 3:
    case 4: { /* as many with each number of bits */
        const int most = high > 0 ? 64 - __builtin_clzll((uint64_t)high) : 0;
        const int bits = (int)((word >> 9 & 63) * (uint64_t)(most + 1) >> 6);
        int64_t size = bits ? (int64_t)(value >> (64 - bits)) : 0;
        if (size > high) size = high;
        return (uint64_t)(low < 0 && word & 8 ? -size : size);
    }
    case 5: return (uint64_t)(word & 8 ? high - (int64_t)(word >> 4 & 1) : low + (int64_t)(word >> 4 & 1));
    default: return whole_of(value, (uint64_t)low, (uint64_t)high);
    }
}

/* Of an integer type, and without a way through doubles. */
static void fill_whole(const struct array *a, char *to, const struct filling *what, const struct hy_key *key, uint64_t call,
                       int number)
{
    uint64_t words[HY_STREAM_WORDS];
    for (int64_t i = 0; i < a->length; i++) {
        const int at = (int)(i % HY_STREAM_WORDS);
        if (!at) hy_chunk(key, call, HY_VALUES + (uint32_t)number, (uint32_t)(i / HY_STREAM_WORDS), words);
        uint64_t value;
        if (what->kind == HY_MIXED) value = mixed(words[at], (int64_t)what->low, (int64_t)what->high);
        else if (what->c == 3) value = words[at] & 1 ? what->high : what->low;
        else value = whole_of(words[at], what->low, what->high);
        memcpy(to + (size_t)i * a->item, &value, a->item); /* the lower bytes come first */
    }
}

static void fill_each(const struct array *a, void *to, const struct filling *what, const struct hy_key *key, uint64_t call,
                      int number)
{
    const int64_t length = a->length * parts(a);
    uint64_t words[HY_STREAM_WORDS];
    double values[HY_STREAM_WORDS];
    uint32_t chunk = 0;
    for (int64_t done = 0; done < length; done += HY_STREAM_WORDS, chunk++) {
        const int n = length - done < HY_STREAM_WORDS ? (int)(length - done) : HY_STREAM_WORDS;
        hy_chunk(key, call, HY_VALUES + (uint32_t)number, chunk, words);
        if (a->dtype == HY_F64) values_of((double *)to + done, words, n, what);
        else {
            values_of(values, words, n, what);
            store(a, to, done, values, n);
        }
    }
}

static void grade(const struct array *a, void *to, const struct filling *what, const struct hy_key *key, uint64_t call,
                  int number)
{
    struct hy_stream grades = hy_stream_of(key, call, HY_EXPONENTS + (uint32_t)number);
    const int64_t run = what->b < 1 ? 1 : (int64_t)what->b, length = a->length * parts(a);
    for (int64_t start = 0; start < length; start += run) {
        const double factor = power(hy_word(&grades));
        const int64_t end = start + run < length ? start + run : length;
        if (single(a))
            for (int64_t i = start; i < end; i++) ((float *)to)[i] *= (float)factor;
        else
            for (int64_t i = start; i < end; i++) ((double *)to)[i] *= factor;
    }
}

static int by_value(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static int by_signed(const void *x, const void *y)
{
    const int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static int by_unsigned(const void *x, const void *y)
{
    const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

static void sort(const struct array *a, void *to)
{
    if (a->dtype == HY_I64 || a->dtype == HY_U64) {
        qsort(to, (size_t)a->length, 8, a->dtype == HY_I64 ? by_signed : by_unsigned);
        return;
    }
    double *values = malloc((size_t)(a->length ? a->length : 1) * sizeof *values);
    if (!values) fail("clock", "memory");
    to_doubles(values, a, to, 0, a->length);
    qsort(values, (size_t)a->length, sizeof *values, by_value);
    store(a, to, 0, values, a->length);
    free(values);
}

static void spoil(const struct array *a, int64_t first, int64_t count, void *to)
{
    const size_t bytes = (size_t)count * a->item;
    char *from = (char *)to + (size_t)first * a->item;
    if (floating(a)) { /* all ones but the sign: a quiet NaN of either size */
        memset(from, 0xff, bytes);
        return;
    }
    const int is_signed = a->dtype <= HY_I64;
    memset(from, 0xff, bytes);
    if (is_signed)
        for (int64_t i = 0; i < count; i++) from[(size_t)(i + 1) * a->item - 1] = 0x7f;
}

void fill(const struct array *a, void *to, const struct filling *what, const struct hy_key *key, uint64_t call, int number,
          const struct array *of, const void *offsets)
{
    struct hy_stream draws = hy_stream_of(key, call, HY_VALUES + (uint32_t)number);
    if (what->kind == HY_GENERATED) return;
    if (!fill_structure(a, to, what, &draws, of, offsets)) {
        if (what->kind == HY_WHOLE || what->kind == HY_MIXED) fill_whole(a, to, what, key, call, number);
        else fill_each(a, to, what, key, call, number);
        if (what->kind == HY_GRADED && floating(a)) grade(a, to, what, key, call, number);
        if (what->kind == HY_INCREASING || (what->kind == HY_WHOLE && what->c == 1)) sort(a, to);
        if (what->kind == HY_WHOLE && what->c == 2)
            for (int64_t i = 1; i < a->length; i++) memcpy((char *)to + (size_t)i * a->item, to, a->item);
    }
    spoil_padding(a, to);
}

void spoil_padding(const struct array *a, void *to)
{
    if (a->role == HY_INPUT) each_gap(a, spoil, to);
}
