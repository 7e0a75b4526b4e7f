/* How far an output is from what was expected. */
#ifndef HAYATE_COMPARE_H
#define HAYATE_COMPARE_H
#include "arrays.h"

struct error {
    double worst; /* in units of its bound, over all numbers that were compared; what is NaN is left out */
    int array;    /* of the first value outside; -1 if there is none */
    int exactly;  /* that value should have been equal */
    int64_t bad, total, at, skipped;
    int64_t seen; /* all numbers, of whatever array */
    double got, want, bound;
};
#define NO_ERROR ((struct error){.array = -1})

/* What an array is held against. */
struct expected {
    const void *want;    /* numbers as the array holds them (`native`), or doubles */
    int native;
    const double *scale; /* of each number; NULL: `reach` for all */
    double reach;
    double gamma;        /* the bound is gamma * scale + u |want| */
    int complete;        /* without that last term */
    int exactly;         /* whatever the array is by itself: this call's numbers are exact */
    int may_skip;        /* where the bound is infinite nothing is known: not compared, counted */
    int any_nan;         /* any NaN is as good as any other */
};

/* Adds one array to `found`, which begins as NO_ERROR. */
void compare(struct error *found, int number, const struct array *a, const void *got, const struct expected *to);
/* The same of `count` numbers that were picked out: all of them doubles. */
void compare_picked(struct error *found, int number, const struct array *a, int64_t count, const double *got,
                    const double *want, const double *scale, double gamma, int exactly);
/* The largest finite bound, as a share of the largest magnitude of what is expected; 0 if there is none. */
double reach_of(const struct array *a, const double *want, const double *bound);
/* The largest magnitude of an array that is part of the problem; of what is no number 0. */
double magnitude_of(const struct array *a, const void *values);

#endif
