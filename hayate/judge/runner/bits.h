/* Numbers from words of 64 bits: the upper 53 bits make a value, the lower 11 what else is needed. */
#ifndef HAYATE_BITS_H
#define HAYATE_BITS_H
#include <stdint.h>
#include <string.h>

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

#endif
