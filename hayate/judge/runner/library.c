/* The clock's values and comparison as a library for Python (hayate/judge/library.py): proofs and tests draw and compare
   by the same code. One caller at a time. Each door returns NULL, or what is wrong. */
#include "compare.h"
#include "process.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

static jmp_buf back;
static char said[200];

_Noreturn void fail(const char *who, const char *format, ...)
{
    (void)who;
    va_list list;
    va_start(list, format);
    vsnprintf(said, sizeof said, format, list);
    va_end(list);
    longjmp(back, 1);
}

static struct hy_key key_of(const uint32_t *words)
{
    struct hy_key key;
    memcpy(key.word, words, sizeof key.word);
    return key;
}

void library_forget(void) { array_count = 0; }

const char *library_array(int dtype, int role, int exactly, int dimensions, const int64_t *shape, const int64_t *extent)
{
    if (setjmp(back)) return said;
    describe(dtype, role, exactly);
    shape_array(&arrays[array_count - 1], dimensions, shape, extent);
    return NULL;
}

const char *library_fill(int number, void *to, int kind, double a, double b, uint64_t low, uint64_t high, int c,
                         const uint32_t *words, uint64_t call, const void *offsets)
{
    const struct hy_key key = key_of(words);
    const struct filling what = {(enum hy_values)kind, a, b, low, high, c};
    if (setjmp(back)) return said;
    fill(&arrays[number], to, &what, &key, call, number, offsets ? &arrays[c] : NULL, offsets);
    return NULL;
}

/* After the task's own generator. */
void library_spoil(int number, void *to) { spoil_padding(&arrays[number], to); }

/* What the generator of a call is seeded with. */
uint64_t library_seed(const uint32_t *words, uint64_t call)
{
    const struct hy_key key = key_of(words);
    struct hy_stream seeds = hy_stream_of(&key, call, HY_SEED);
    return hy_word(&seeds);
}

const char *library_compare(int number, const void *got, const struct expected *to, struct error *found)
{
    if (setjmp(back)) return said;
    *found = NO_ERROR;
    compare(found, number, &arrays[number], got, to);
    return NULL;
}
