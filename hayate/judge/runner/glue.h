/* What glue.c (hayate/judge/glue.py) knows of a task. It is a file of its own, so that a task's macros and names meet
   nothing of the judge's. */
#ifndef HAYATE_GLUE_H
#define HAYATE_GLUE_H
#include "protocol.h"

extern const char hy_entry[];
extern const int hy_arrays;
extern const unsigned char hy_written[]; /* 0: an input, 1: an output, 2: inout */
void hy_call(void *function, const union hy_value *values, void *const *arrays);

/* Of the examiner alone: 0, how many branches were too near to tell, or -1 where it can't do it. */
int64_t hy_examine(struct hy_control *control, void *const *arrays, double *const *want, double *const *bound);

#endif
