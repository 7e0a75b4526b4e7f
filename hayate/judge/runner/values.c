#include "values.h"

#include "process.h"

#include <math.h>
#include <stdlib.h>
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

static double between(double u, double low, double high, int mode)
{
    const double near = mode ? u * u * u * u * u * u : u;
    const double share = mode == 2 ? 1 - near : near;
    return low + (high - low) * share;
}

static double whole(uint64_t word, double low, double high, int mode)
{
    if (mode == 3) return word & 1 ? high : low;
    const double value = low + floor(unit(word) * (high - low + 1));
    return value > high ? high : value;
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
    case HY_WHOLE:
        for (int i = 0; i < n; i++) to[i] = whole(words[i], low, high, what->c);
        break;
    case HY_CONSTANT:
        for (int i = 0; i < n; i++) to[i] = low;
        break;
    default:
        for (int i = 0; i < n; i++) to[i] = 2.0 * unit(words[i]) - 1.0;
    }
}

#define STORE(type) \
    for (int64_t i = 0; i < n; i++) ((type *)to)[first + i] = (type)from[i]; \
    break

/* `n` numbers from number `first` on; a complex element is two. */
static void store(const struct array *a, void *to, int64_t first, const double *from, int64_t n)
{
    switch (a->dtype) {
    case HY_I8: STORE(int8_t);
    case HY_I16: STORE(int16_t);
    case HY_I32: STORE(int32_t);
    case HY_I64: STORE(int64_t);
    case HY_U8: STORE(uint8_t);
    case HY_U16: STORE(uint16_t);
    case HY_U32: STORE(uint32_t);
    case HY_U64: STORE(uint64_t);
    case HY_F32:
    case HY_C64: STORE(float);
    case HY_F64:
    case HY_C128: memcpy((double *)to + first, from, (size_t)n * 8);
    }
}

#define LOAD(type) \
    for (int64_t i = 0; i < count; i++) to[i] = (double)((const type *)from)[first + i]; \
    break

void to_doubles(double *to, const struct array *a, const void *from, int64_t first, int64_t count)
{
    switch (a->dtype) {
    case HY_I8: LOAD(int8_t);
    case HY_I16: LOAD(int16_t);
    case HY_I32: LOAD(int32_t);
    case HY_I64: LOAD(int64_t);
    case HY_U8: LOAD(uint8_t);
    case HY_U16: LOAD(uint16_t);
    case HY_U32: LOAD(uint32_t);
    case HY_U64: LOAD(uint64_t);
    case HY_F32:
    case HY_C64: LOAD(float);
    case HY_F64:
    case HY_C128: memcpy(to, (const double *)from + first, (size_t)count * 8);
    }
}

/* One number at a time, for what is no loop over independent ones. */
static void put(const struct array *a, void *to, int64_t element, double value)
{
    double pair[2] = {value, 0};
    store(a, to, element * parts(a), pair, parts(a));
}

static double get(const struct array *a, const void *from, int64_t element)
{
    double value;
    to_doubles(&value, a, from, element * parts(a), 1);
    return value;
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

static void permute(const struct array *a, void *to, struct hy_stream *draws)
{
    for (int64_t i = 0; i < a->length; i++) put(a, to, i, (double)i);
    for (int64_t i = a->length - 1; i > 0; i--) {
        const int64_t k = (int64_t)hy_below(draws, (uint64_t)i + 1);
        const double x = get(a, to, i), y = get(a, to, k);
        put(a, to, i, y);
        put(a, to, k, x);
    }
}

/* Each step's share of the whole is drawn; a fifth of the steps are empty. */
static void offsets_up_to(const struct array *a, void *to, double most, struct hy_stream *draws)
{
    const int64_t n = a->length;
    if (!n) return;
    double *sums = malloc((size_t)n * sizeof *sums);
    if (!sums) fail("clock", "memory");
    sums[0] = 0;
    for (int64_t i = 1; i < n; i++) {
        const double u = unit(hy_word(draws)), weight = u < 0.2 ? 0.0 : -log1p(-(u - 0.2) / 0.8);
        sums[i] = sums[i - 1] + weight;
    }
    const double all = sums[n - 1];
    for (int64_t i = 0; i < n; i++) put(a, to, i, all > 0 ? floor(sums[i] / all * most) : 0);
    if (n > 1) put(a, to, n - 1, most);
    free(sums);
}

static void columns_of(const struct array *a, void *to, double below_it, struct hy_stream *draws, const struct array *of,
                       const void *offsets)
{
    for (int64_t i = 0; i < a->length; i++) put(a, to, i, 0);
    for (int64_t row = 0; row + 1 < of->length; row++) {
        const int64_t first = (int64_t)get(of, offsets, row), end = (int64_t)get(of, offsets, row + 1);
        for (int64_t k = first; k < end && k < a->length; k++) {
            /* One in each of as many equal parts: increasing, and different where there is room. */
            const double part = below_it / (double)(end - first), low = ceil(part * (double)(k - first)),
                         high = ceil(part * (double)(k - first + 1)) - 1;
            double column = high < low ? low : low + floor(unit(hy_word(draws)) * (high - low + 1));
            if (column > below_it - 1) column = below_it - 1; /* a row of more elements than there are columns */
            put(a, to, k, column > 0 ? column : 0);
        }
    }
}

/* C begins as a diagonal between 2^-7 and 1, and three reflections fill it: H C H = C - v w' - w v' with
   w = 2 C v - 2 (v' C v) v and v of length 1. Each costs n^2, and none changes its condition. */
static double *definite(int64_t n, struct hy_stream *draws)
{
    double *c = calloc((size_t)(n * n + 2 * n), sizeof *c);
    if (!c) fail("clock", "memory");
    double *v = c + n * n, *w = v + n;
    for (int64_t i = 0; i < n; i++) c[i * n + i] = exp2(-7 * unit(hy_word(draws)));
    for (int reflection = 0; reflection < 3; reflection++) {
        double length = 0, along = 0;
        for (int64_t i = 0; i < n; i++) v[i] = 2 * unit(hy_word(draws)) - 1, length += v[i] * v[i];
        for (int64_t i = 0; i < n; i++) v[i] /= sqrt(length > 0 ? length : 1);
        for (int64_t i = 0; i < n; i++) {
            w[i] = 0;
            for (int64_t k = 0; k < n; k++) w[i] += c[i * n + k] * v[k];
            along += v[i] * w[i];
        }
        for (int64_t i = 0; i < n; i++) w[i] = 2 * (w[i] - along * v[i]);
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = i; k < n; k++) c[k * n + i] = c[i * n + k] -= v[i] * w[k] + w[i] * v[k];
    }
    for (int64_t i = 0; i < n; i++) w[i] = exp2(20 * unit(hy_word(draws)) - 10);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++) c[i * n + k] *= w[i] * w[k];
    return c;
}

/* S (D - N) S, rows scaled: N is positive, S of signs, and D exceeds the sum of its row of N by a share between 2^-6 and
   2^-3. With signs by chance the rest of a row would cancel, and a few steps of Jacobi's solve it. */
static void dominate(const struct array *a, void *to, int64_t first, int64_t diagonal, int64_t columns, const char *sign,
                     struct hy_stream *draws)
{
    const double size = power(hy_word(draws)) * (hy_word(draws) & 1 ? 1 : -1), margin = exp2(-3 - 3 * unit(hy_word(draws)));
    double rest = 0;
    for (int64_t k = 0; k < columns; k++) {
        const double value = size * unit(hy_word(draws));
        if (k == diagonal) continue;
        rest += value;
        put(a, to, first + k, sign[k] == sign[diagonal] ? -value : value);
    }
    if (diagonal < columns) put(a, to, first + diagonal, (columns > 1 ? rest : size) * (1 + margin));
}

static char *signs(int64_t n, struct hy_stream *draws)
{
    char *sign = malloc((size_t)n + 1);
    if (!sign) fail("clock", "memory");
    for (int64_t i = 0; i < n; i++) sign[i] = (char)(hy_word(draws) & 1);
    return sign;
}

/* Rows and columns of a matrix are the last two dimensions; what comes before are further matrices. */
static void fill_matrix(const struct array *a, void *to, enum hy_values kind, struct hy_stream *draws)
{
    const int d = a->dimensions;
    if (d < 2) fail("clock", "a matrix has two dimensions");
    const int64_t rows = a->extent[d - 2], columns = a->extent[d - 1], stride = a->shape[d - 1];
    const int64_t size = a->shape[d - 2] * stride, matrices = size ? a->length / size : 0;
    const int64_t side = rows > columns ? rows : columns;
    for (int64_t m = 0; m < matrices; m++) {
        char *sign = kind == HY_DOMINANT && floating(a) ? signs(side, draws) : NULL;
        double *whole = kind == HY_DEFINITE && floating(a) ? definite(side, draws) : NULL;
        for (int64_t i = 0; i < rows; i++) {
            if (whole) {
                for (int64_t k = 0; k < columns; k++) put(a, to, m * size + i * stride + k, whole[i * side + k]);
                continue;
            }
            if (sign) {
                dominate(a, to, m * size + i * stride, i, columns, sign, draws);
                continue;
            }
            const int64_t hot = kind == HY_ONE_HOT && columns ? (int64_t)hy_below(draws, (uint64_t)columns) : 0;
            for (int64_t k = 0; k < columns; k++) {
                const int64_t at = m * size + i * stride + k;
                double value = 2 * unit(hy_word(draws)) - 1;
                if (kind == HY_ONE_HOT) value = k == hot;
                else if (i == k) value = kind == HY_LOWER ? (value < 0 ? value - 0.5 : value + 0.5) : (double)columns + 1 + value;
                else if (kind == HY_LOWER) value = k > i ? 0 : value / (double)columns;
                else if (kind == HY_DEFINITE && k < i) value = get(a, to, m * size + k * stride + i);
                put(a, to, at, value);
            }
        }
        free(whole);
        free(sign);
    }
}

static void clear(const struct array *a, int64_t first, int64_t count, void *to)
{
    memset((char *)to + (size_t)first * a->item, 0, (size_t)count * a->item);
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
    switch (what->kind) {
    case HY_GENERATED: return;
    case HY_PERMUTATION: permute(a, to, &draws); break;
    case HY_OFFSETS: offsets_up_to(a, to, what->b, &draws); break;
    case HY_COLUMNS:
        if (!of) fail("clock", "offsets");
        columns_of(a, to, what->b, &draws, of, offsets);
        break;
    case HY_DEFINITE:
    case HY_LOWER:
    case HY_DOMINANT:
    case HY_ONE_HOT:
        fill_matrix(a, to, what->kind, &draws);
        each_gap(a, clear, to);
        break;
    default:
        if (!floating(a) && (what->kind == HY_WHOLE || what->kind == HY_MIXED)) fill_whole(a, to, what, key, call, number);
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

uint64_t sentinel_of(const struct array *a, uint64_t word)
{
    if (!floating(a)) return word;
    if (single(a)) {
        const uint64_t half = 0x7fa00001ULL | (word & 0x001ffffeULL);
        return half | half << 32;
    }
    return 0x7ff4000000000001ULL | (word & 0x0003fffffffffffeULL);
}

void fill_sentinel(const struct array *a, void *to, uint64_t sentinel)
{
    const size_t bytes = bytes_of(a), whole_words = bytes / 8;
    uint64_t *words = to;
    for (size_t k = 0; k < whole_words; k++) words[k] = sentinel;
    memcpy((char *)to + whole_words * 8, &sentinel, bytes % 8);
}

int64_t count_sentinels(const struct array *a, const void *from, uint64_t sentinel)
{
    if (!floating(a)) return 0;
    int64_t count = 0;
    if (single(a)) {
        const uint32_t *values = from, half = (uint32_t)sentinel;
        const int64_t n = a->length * parts(a);
        for (int64_t k = 0; k < n; k++) count += values[k] == half;
        return count;
    }
    const uint64_t *values = from;
    const int64_t n = a->length * parts(a);
    for (int64_t k = 0; k < n; k++) count += values[k] == sentinel;
    return count;
}
