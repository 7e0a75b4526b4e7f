/* Numbers with fewer bits, on every compiler: the formats are made of bits, and need no type of that size. */
static double hayate_single(double x)
{
    return (double)(float)x;
}
/* Cut off, not rounded: what is left of 53 bits. */
static double hayate_cut(double x, int bits)
{
    union {
        double number;
        unsigned long word;
    } u = {.number = x};
    if ((u.word >> 52 & 0x7ff) != 0x7ff)
        u.word &= ~0UL << (53 - bits);
    return u.number;
}
/* To the nearest, ties to even, as a conversion does; `drop` of 24 bits. */
static float hayate_nearest(float x, int drop)
{
    union {
        float number;
        unsigned word;
    } u = {.number = x};
    unsigned sign = u.word & 0x80000000u, rest = u.word & 0x7fffffffu;
    if (rest < 0x7f800000u) {
        rest += (1u << (drop - 1)) - 1 + (rest >> drop & 1);
        u.word = sign | (rest & ~0u << drop);
    }
    return u.number;
}
static float hayate_bfloat16(float x)
{
    return hayate_nearest(x, 16);
}
/* IEEE binary16: 11 bits, fewer below 2^-14, nothing above 65504. */
static float hayate_half(float x)
{
    union {
        float number;
        unsigned word;
    } u = {.number = x};
    int exponent = (int)(u.word >> 23 & 0xff) - 127;
    int drop = exponent < -14 ? -1 - exponent : 13;
    if (exponent < -25)
        return x * 0.0f;
    x = hayate_nearest(x, drop > 24 ? 24 : drop);
    if (exponent == -25)
        return (u.word & 0x7fffff ? 0x1p-24f : 0.0f) * (u.word >> 31 ? -1.0f : 1.0f);
    return x > 65504.0f ? __builtin_inff() : x < -65504.0f ? -__builtin_inff() : x;
}
