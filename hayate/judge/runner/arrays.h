/* The arrays of a task as the clock sees them: types, roles, and for the call at hand how large and how laid out. */
#ifndef HAYATE_ARRAYS_H
#define HAYATE_ARRAYS_H
#include "protocol.h"

#include <stddef.h>

enum hy_dtype { HY_I8, HY_I16, HY_I32, HY_I64, HY_U8, HY_U16, HY_U32, HY_U64, HY_F32, HY_F64, HY_C64, HY_C128 };
enum hy_role { HY_INPUT, HY_INOUT, HY_OUTPUT };
enum { HY_MAX_DIMENSIONS = 6 };

struct array {
    enum hy_dtype dtype;
    enum hy_role role;
    size_t item; /* bytes of an element */
    int exactly; /* of what is written: every element must be equal */
    /* Of the call at hand. Where extent is less than shape, there is padding. */
    int64_t length; /* elements in memory */
    int dimensions, padded;
    int64_t shape[HY_MAX_DIMENSIONS], extent[HY_MAX_DIMENSIONS];
};

extern struct array arrays[HY_MAX_ARRAYS];
extern int array_count;

void describe(int dtype, int role, int exactly); /* one array more */
void shape_array(struct array *a, int dimensions, const int64_t *shape, const int64_t *extent);

static inline int written(const struct array *a) { return a->role != HY_INPUT; }
static inline int given(const struct array *a) { return a->role != HY_OUTPUT; } /* has values before the call */
static inline size_t bytes_of(const struct array *a) { return (size_t)a->length * a->item; }
static inline int floating(const struct array *a) { return a->dtype >= HY_F32; }
/* Not all of its numbers are doubles: an automatic oracle gives them as they are. */
static inline int whole_of_64_bits(const struct array *a) { return a->dtype == HY_I64 || a->dtype == HY_U64; }
/* Numbers in an element: a complex one is two. */
static inline int parts(const struct array *a) { return a->dtype >= HY_C64 ? 2 : 1; }
static inline int single(const struct array *a) { return a->dtype == HY_F32 || a->dtype == HY_C64; }

int64_t inner_length(const struct array *a);             /* elements that belong to the problem */
int64_t inner_at(const struct array *a, int64_t number); /* where in memory the problem's element of that number lies */

/* What belongs to the problem, in stretches of neighbours: calls `see` with the first element's number and how many.
   Without padding that is one stretch. */
typedef void see_stretch(const struct array *a, int64_t first, int64_t count, void *with);
void each_stretch(const struct array *a, see_stretch *see, void *with);
/* The same of the padding. */
void each_gap(const struct array *a, see_stretch *see, void *with);

#endif
