#include "structures.h"

#include "bits.h"
#include "elements.h"
#include "process.h"

#include <math.h>
#include <stdlib.h>

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
static void fill_matrices(const struct array *a, void *to, enum hy_values kind, struct hy_stream *draws)
{
    const int d = a->dimensions;
    if (d < 2) fail("clock", "a matrix has two dimensions");
    const int64_t rows = a->extent[d - 2], columns = a->extent[d - 1], stride = a->shape[d - 1];
    const int64_t size = a->shape[d - 2] * stride, matrices = size ? a->length / size : 0;
    const int64_t side = rows > columns ? rows : columns;
    for (int64_t m = 0; m < matrices; m++) {
        char *sign = kind == HY_DOMINANT ? signs(side, draws) : NULL;
        double *whole = kind == HY_DEFINITE ? definite(side, draws) : NULL;
        for (int64_t i = 0; i < rows; i++) {
            const int64_t first = m * size + i * stride;
            if (whole)
                for (int64_t k = 0; k < columns; k++) put(a, to, first + k, whole[i * side + k]);
            else if (sign) dominate(a, to, first, i, columns, sign, draws);
            else if (kind == HY_ONE_HOT) {
                const int64_t hot = columns ? (int64_t)hy_below(draws, (uint64_t)columns) : 0;
                for (int64_t k = 0; k < columns; k++) put(a, to, first + k, k == hot);
            } else
                for (int64_t k = 0; k < columns; k++) {
                    const double value = 2 * unit(hy_word(draws)) - 1;
                    put(a, to, first + k,
                        k > i ? 0 : k < i ? value / (double)columns : value < 0 ? value - 0.5 : value + 0.5);
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

int fill_structure(const struct array *a, void *to, const struct filling *what, struct hy_stream *draws,
                   const struct array *of, const void *offsets)
{
    switch (what->kind) {
    case HY_PERMUTATION: permute(a, to, draws); return 1;
    case HY_OFFSETS: offsets_up_to(a, to, what->b, draws); return 1;
    case HY_COLUMNS:
        if (!of) fail("clock", "offsets");
        columns_of(a, to, what->b, draws, of, offsets);
        return 1;
    case HY_DEFINITE:
    case HY_LOWER:
    case HY_DOMINANT:
    case HY_ONE_HOT:
        fill_matrices(a, to, what->kind, draws);
        each_gap(a, clear, to);
        return 1;
    default: return 0;
    }
}
