/* Numbers without processes or time: what the clock fills inputs with, and how it compares outputs. */
#pragma once
#include <stdint.h>

static inline uint64_t mix(uint64_t x) /* splitmix64's finaliser: counter-based, so that filling is a vector loop */
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/* DISTRIBUTION: 0 uniform in (-1, 1); 1 magnitudes over twelve decades, both signs; 2 multiples of FACTOR by integers
   below 2^BITS, both signs, whose sums are exact in double and not in float; 3 nine in ten are zero, the rest 0.5 to
   1.5. The same seed gives the same values. */
void fill(double *array, int64_t length, uint64_t seed, int distribution, int bits, double factor);

struct error {
    double worst; /* in units of its bound, over all arrays that were compared; what is NaN is left out */
    int array;    /* of the first value outside; -1 if there is none */
    int64_t bad, total, at;
    double got, want, bound;
};

/* Adds one array to `found`, which begins as NO_ERROR. The bound of each value is gamma * scale + u |want|, or 0. */
#define NO_ERROR ((struct error){.array = -1})
void compare(struct error *found, int array, int64_t length, const double *got, const double *want, const double *scale,
             double gamma, int exactly);
