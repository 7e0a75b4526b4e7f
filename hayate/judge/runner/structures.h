/* Arrays whose elements depend on each other: permutations, sparse rows, matrices. */
#ifndef HAYATE_STRUCTURES_H
#define HAYATE_STRUCTURES_H
#include "values.h"

/* 0 where the kind is none of these, and nothing was done. `of`, `offsets`: the array of offsets, for HY_COLUMNS. */
int fill_structure(const struct array *a, void *to, const struct filling *what, struct hy_stream *draws,
                   const struct array *of, const void *offsets);

#endif
