#include "arrays.h"

#include "process.h"

struct array arrays[HY_MAX_ARRAYS];
int array_count;

static const size_t ITEM[] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16};

void describe(int dtype, int role, int exactly)
{
    if (array_count == HY_MAX_ARRAYS || dtype < 0 || dtype > HY_C128 || role < 0 || role > HY_OUTPUT) fail("clock", "array");
    arrays[array_count++] = (struct array){.dtype = (enum hy_dtype)dtype, .role = (enum hy_role)role, .item = ITEM[dtype],
                                           .exactly = exactly};
}

void shape_array(struct array *a, int dimensions, const int64_t *shape, const int64_t *extent)
{
    if (dimensions < 1 || dimensions > HY_MAX_DIMENSIONS) fail("clock", "dimensions %d", dimensions);
    a->dimensions = dimensions;
    a->length = 1;
    a->padded = 0;
    for (int d = 0; d < dimensions; d++) {
        if (shape[d] < 0 || extent[d] < 0 || extent[d] > shape[d]) fail("clock", "extent %lld", (long long)extent[d]);
        a->shape[d] = shape[d];
        a->extent[d] = extent[d];
        if (__builtin_mul_overflow(a->length, shape[d], &a->length) || a->length > INT64_MAX / 16)
            fail("clock", "length %lld", (long long)shape[d]);
        a->padded |= extent[d] < shape[d];
    }
}

void each_stretch(const struct array *a, see_stretch *see, void *with)
{
    if (!a->padded) {
        if (a->length) see(a, 0, a->length, with);
        return;
    }
    const int last = a->dimensions - 1;
    int64_t index[HY_MAX_DIMENSIONS] = {0};
    for (int d = 0; d <= last; d++)
        if (!a->extent[d]) return;
    for (;;) {
        int64_t at = 0;
        for (int d = 0; d <= last; d++) at = at * a->shape[d] + index[d];
        see(a, at, a->extent[last], with);
        int d = last - 1;
        while (d >= 0 && ++index[d] == a->extent[d]) index[d--] = 0;
        if (d < 0) return;
    }
}

int64_t inner_length(const struct array *a)
{
    int64_t length = 1;
    for (int d = 0; d < a->dimensions; d++) length *= a->extent[d];
    return length;
}

int64_t inner_at(const struct array *a, int64_t k)
{
    if (!a->padded) return k;
    int64_t at = 0, stride = 1;
    for (int d = a->dimensions - 1; d >= 0; d--) {
        at += k % a->extent[d] * stride;
        k /= a->extent[d];
        stride *= a->shape[d];
    }
    return at;
}

struct gap {
    see_stretch *see;
    void *with;
    int64_t next;
};

static void between(const struct array *a, int64_t first, int64_t count, void *with)
{
    struct gap *g = with;
    if (first > g->next) g->see(a, g->next, first - g->next, g->with);
    g->next = first + count;
}

void each_gap(const struct array *a, see_stretch *see, void *with)
{
    if (!a->padded) return;
    struct gap g = {see, with, 0};
    each_stretch(a, between, &g);
    if (g.next < a->length) see(a, g.next, a->length - g.next, with);
}
