/* Calls of the runners with all that is looked at around them, and what the examiner says of their results. */
#ifndef HAYATE_CHECK_H
#define HAYATE_CHECK_H
#include "compare.h"
#include "process.h"
#include "values.h"

/* What `verify` and `pair` are asked. */
struct request {
    uint64_t call;
    int candidate_first;
    uint32_t function;
    double gamma;
    int64_t timeout_ns;
    int exactly; /* this call's numbers are exact: results must be equal */
    union hy_value values[HY_MAX_VALUES];
    struct filling fillings[HY_MAX_ARRAYS];
    /* Of a written array of a task without cheap bounds: two results may be so much of its largest magnitude apart, or the
       oracle decides; below 0 it is asked at once. */
    double reach[HY_MAX_ARRAYS];
};

/* What the task's own code offers. */
struct abilities {
    int scale;     /* a cheap bound at any size */
    int samples;   /* single elements at any size */
    int native;    /* its expected results are of the arrays' own types, and equal */
    int automatic; /* its bounds are complete, and infinite where nothing is known */
};

extern struct request asked;
extern struct abilities able;

void make_arrays(int64_t bytes); /* private ones for the largest array */
void prepare(void);              /* draws values and addresses for `asked` */
struct verified {
    struct call call;
    struct error error;
    int64_t near_branches; /* above 0 nothing was compared */
    double reach[HY_MAX_ARRAYS]; /* of complete bounds: reach_of each written array */
    int64_t examined_ns;
} verify(void);
struct pair {
    struct call candidate, yardstick;
    struct error error;
    int examined; /* by the oracle */
} pair(void);
int64_t peak(uint32_t function, int64_t iterations); /* ns */

#endif
