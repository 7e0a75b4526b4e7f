/* How elements of each type lie in memory: numbers in and out, and what no kernel writes. A complex element is two
   numbers. */
#ifndef HAYATE_ELEMENTS_H
#define HAYATE_ELEMENTS_H
#include "arrays.h"

#include <stdint.h>

/* Numbers `first` to `first + n - 1` of an array, from doubles and to doubles. */
void store(const struct array *a, void *to, int64_t first, const double *from, int64_t n);
void to_doubles(double *to, const struct array *a, const void *from, int64_t first, int64_t n);

/* One element, its real part alone. */
void put(const struct array *a, void *to, int64_t element, double value);
double get(const struct array *a, const void *from, int64_t element);

/* Bytes that no honest kernel writes: a signalling NaN with bits of its own. Of integers, any. */
uint64_t sentinel_of(const struct array *a, uint64_t word);
void fill_sentinel(const struct array *a, void *to, uint64_t sentinel);
/* Elements that still hold it; 0 where a number might. */
int64_t count_sentinels(const struct array *a, const void *from, uint64_t sentinel);

#endif
