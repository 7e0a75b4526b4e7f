#include "elements.h"

#include <string.h>

#define STORE(type) \
    for (int64_t i = 0; i < n; i++) ((type *)to)[first + i] = (type)from[i]; \
    break

void store(const struct array *a, void *to, int64_t first, const double *from, int64_t n)
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
    for (int64_t i = 0; i < n; i++) to[i] = (double)((const type *)from)[first + i]; \
    break

void to_doubles(double *to, const struct array *a, const void *from, int64_t first, int64_t n)
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
    case HY_C128: memcpy(to, (const double *)from + first, (size_t)n * 8);
    }
}

void put(const struct array *a, void *to, int64_t element, double value)
{
    double pair[2] = {value, 0};
    store(a, to, element * parts(a), pair, parts(a));
}

double get(const struct array *a, const void *from, int64_t element)
{
    double value;
    to_doubles(&value, a, from, element * parts(a), 1);
    return value;
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
