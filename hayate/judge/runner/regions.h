/* The memory that the clock shares. Inputs: a runner can only read them. Outputs: for each runner a region of its own, in
   which around the arrays lies a pattern that only the clock can make, so that nothing there can be used as scratch memory
   and put back. Expected: what the examiner writes, its results or the inputs that a task's own generator makes, and what
   inout arrays held before the call; no runner sees it, or it would have a copy of what it overwrites for nothing. */
#ifndef HAYATE_REGIONS_H
#define HAYATE_REGIONS_H
#include "arrays.h"
#include "process.h"
#include "stream.h"

#include <stddef.h>

enum { GUARD = 4096 }; /* bytes between an array and the next one, or the end of the region */

struct region {
    char *base;
    size_t bytes;
};

extern struct region inputs, outputs[2], expected; /* of outputs the candidate's is the first */
extern struct hy_key key;
/* Of the call at hand: where the runners find each array, where the examiner does (an inout one in `expected`), and where
   it generates one, also in `expected`, before there are results. */
extern uint64_t offsets[HY_MAX_ARRAYS], initial[HY_MAX_ARRAYS], generated_at[HY_MAX_ARRAYS];
extern uint64_t want_at[HY_MAX_ARRAYS], bound_at[HY_MAX_ARRAYS]; /* in `expected` */

void map_regions(const int fds[4]); /* inputs, outputs of the candidate, of the yardstick, expected; seals them */
struct hy_control *map_control(int fd);
void draw_pattern(void); /* once the key is known */
void place(uint64_t call); /* new addresses, the same for both runners */
void *output(int which, int i);
/* What the arrays hold before a call (`masters` of inout ones, sentinels in others) and the pattern around them. */
void wipe(int which, uint64_t call, void *const *masters, uint64_t *sentinels);
/* Words outside the arrays that are not the pattern's any more. Unless `all` is wanted, in a region much larger than its
   arrays only what lies beside them is looked at, and a stretch drawn for this call. */
int64_t touched_outside(int which, uint64_t call, int all);
/* All pages now, outside any timed call: a first touch costs more than the writing. A kernel that can't do it at once
   (before 5.14) leaves them to the first fill. */
void populate(void *base, size_t bytes);

#endif
