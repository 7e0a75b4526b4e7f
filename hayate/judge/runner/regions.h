/* The memory that clock and runners share for arguments: inputs that a runner can only read, and for each runner an
   output region of its own. Around the arrays an output region holds a pattern that only the clock can make, so that
   nothing there can be used as scratch memory and put back. */
#ifndef HAYATE_REGIONS_H
#define HAYATE_REGIONS_H
#include "glue.h"
#include "process.h"
#include "stream.h"

#include <stddef.h>

enum { GUARD = 4096 }; /* bytes between an array and the next one, or the end of the region */

struct region {
    char *base;
    size_t bytes;
};

extern struct region inputs, outputs[2]; /* of outputs the candidate's is the first */
extern struct hy_key key;
extern int64_t sizes[HY_MAX_SIZES], lengths[HY_MAX_ARRAYS]; /* of the call at hand */
extern uint64_t offsets[HY_MAX_ARRAYS];

void map_regions(const int fds[3]); /* inputs, outputs of the candidate, outputs of the yardstick; seals them */
struct hy_control *map_control(int fd);
void draw_pattern(void);            /* once the key is known */
void place(uint64_t call);          /* new addresses, the same for both runners */
double *output(int which, int i);
uint64_t wipe(int which, uint64_t call); /* sentinels into the arrays, the pattern around them; the sentinel */
/* Words outside the arrays that are not the pattern's any more. Unless `all` is wanted, in a region much larger than its
   arrays only what lies beside them is looked at, and a stretch drawn for this call. */
int64_t touched_outside(int which, uint64_t call, int all);
/* All pages now, outside any timed call: a first touch costs more than the writing. A kernel that can't do it at once
   (before 5.14) leaves them to the first fill. */
void populate(void *base, size_t bytes);

#endif
