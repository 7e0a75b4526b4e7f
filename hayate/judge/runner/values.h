/* Numbers without processes or time: what the clock fills inputs with, and how it compares outputs. */
#ifndef HAYATE_VALUES_H
#define HAYATE_VALUES_H
#include "stream.h"

#include <stdint.h>

enum hy_distribution { HY_UNIFORM = 0, HY_WIDE = 1, HY_INTEGERS = 2, HY_SPARSE = 3, HY_GRADED = 4 };

/* HY_UNIFORM: in (-1, 1). HY_WIDE: magnitudes over twelve decades, both signs. HY_INTEGERS: multiples of FACTOR by
   integers below 2^BITS, both signs, whose sums are exact in double and not in float. HY_SPARSE: all but a share FACTOR
   are zero, the rest is of (-1.5, -0.5) and (0.5, 1.5). HY_GRADED: as HY_WIDE, but runs of FACTOR neighbours share one
   magnitude, so that whole rows or blocks are small beside others.
   Array number `array` of call number `call`; the same key gives the same values, and values don't give the key. */
void fill(double *array, int64_t length, const struct hy_key *key, uint64_t call, int number, int distribution,
          int bits, double factor);

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
#endif
