/* What arrays are filled with. The same key gives the same values, and values don't give the key. */
#ifndef HAYATE_VALUES_H
#define HAYATE_VALUES_H
#include "arrays.h"
#include "stream.h"

#include <stdint.h>

/* The first five are distributions of real numbers.
   HY_UNIFORM: in (-1, 1). HY_WIDE: magnitudes over twelve decades, both signs. HY_INTEGERS: multiples of b by integers
   below 2^a, both signs, whose sums are exact. HY_SPARSE: all but a share b are zero, the rest is of (-1.5, -0.5) and
   (0.5, 1.5). HY_GRADED: as HY_WIDE, but runs of b neighbours share one magnitude, so that whole rows or blocks are small
   beside others. */
enum hy_values {
    HY_UNIFORM,
    HY_WIDE,
    HY_INTEGERS,
    HY_SPARSE,
    HY_GRADED,
    HY_BETWEEN,     /* from a to b; c: 0 uniform, 1 most near a, 2 most near b */
    HY_WHOLE,       /* whole numbers from a to b, both included; c: 0 any, 1 increasing, 2 all the same, 3 a or b */
    HY_INCREASING,  /* as HY_BETWEEN, sorted */
    HY_PERMUTATION, /* of 0 to n - 1 */
    HY_OFFSETS,     /* from 0 to b, increasing; with stretches of equal ones */
    HY_COLUMNS,     /* within each row that array number c's offsets make: increasing and below b */
    HY_DEFINITE,    /* a square matrix, symmetric and positive definite: D C D, D over six decades, C of condition 128 */
    HY_LOWER,       /* a square matrix, zero above its diagonal, away from zero on it */
    HY_DOMINANT,    /* a square matrix, each diagonal element larger than the rest of its row, by 2^-6 to 2^-3 of it;
                       the rows' sizes lie over twelve decades */
    HY_ONE_HOT,     /* one 1 in each row, else 0 */
    HY_CONSTANT,    /* a */
    HY_GENERATED,   /* by the task's own code: nothing to do here */
    HY_MIXED        /* whole numbers of low <= 0 to high: small ones, all magnitudes, the ends, any */
};

struct filling {
    enum hy_values kind;
    double a, b;
    uint64_t low, high; /* a and b of what is whole, for not all of its 64 bits are a double's */
    int c;
};

/* Array number `number` of call number `call`. `of` is the array of offsets, where the kind wants it. Padding of an input
   gets what is seen in every result: NaN, or the largest number. */
void fill(const struct array *a, void *to, const struct filling *what, const struct hy_key *key, uint64_t call, int number,
          const struct array *of, const void *offsets);

void spoil_padding(const struct array *a, void *to); /* of an input; `fill` does it but for HY_GENERATED */

#endif
