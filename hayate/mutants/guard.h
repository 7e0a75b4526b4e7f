/* Mutants stay in memory: a subscript is held within the array that its pointer belongs to, and loops end. */
#define HAYATE_HELD_MAX 256
static struct {
    unsigned long base, bytes;
} hayate_held[HAYATE_HELD_MAX];
static int hayate_held_count;
static double hayate_left;
static unsigned long hayate_stack;

static void *hayate_hold(const void *base, unsigned long bytes)
{
    int k = 0;
    if (!base || !bytes)
        return (void *)base;
    while (k < hayate_held_count && hayate_held[k].base != (unsigned long)base)
        k++;
    /* The newest stands last and is found first: memory is used again. */
    if (k == hayate_held_count && k == HAYATE_HELD_MAX)
        k = HAYATE_HELD_MAX / 2;
    for (; k + 1 < hayate_held_count; k++)
        hayate_held[k] = hayate_held[k + 1];
    hayate_held[k].base = (unsigned long)base;
    hayate_held[k].bytes = bytes;
    hayate_held_count = k + 1;
    return (void *)base;
}

/* The one that a pointer belongs to, or is not far from; -1 for none. */
static int hayate_find(unsigned long p)
{
    unsigned long nearest = ~0UL;
    int k, found = -1;
    for (k = hayate_held_count; k-- > 0 && nearest;) {
        unsigned long base = hayate_held[k].base, bytes = hayate_held[k].bytes;
        unsigned long away = p < base ? base - p : p - base < bytes ? 0 : p - base - bytes + 1;
        if (away < nearest && away <= bytes + 4096)
            nearest = away, found = k;
    }
    return found;
}

/* A pointer that walks is set back before it is too far away to be known. */
static void *hayate_walk(void *where)
{
    unsigned long p, base;
    int found;
    __builtin_memcpy(&p, where, sizeof p);
    found = hayate_find(p);
    if (found >= 0) {
        base = hayate_held[found].base;
        if (p + 2048 < base || p > base + hayate_held[found].bytes + 2048)
            __builtin_memcpy(where, &base, sizeof base);
    }
    return where;
}

static void *hayate_within(const void *pointer, long index, unsigned long size, unsigned long kept)
{
    const long far = 1L << 40;
    unsigned long p = (unsigned long)pointer;
    const int found = hayate_find(p);
    index = index > far ? far : index < -far ? -far : index;
    if (found >= 0) {
        long s = (long)size, offset = (long)(p - hayate_held[found].base);
        long last = (long)hayate_held[found].bytes - (long)kept, to = offset + index * s;
        if (to > last)
            to -= (to - last + s - 1) / s * s;
        if (to < 0)
            to += (-to + s - 1) / s * s;
        return (void *)(hayate_held[found].base + (unsigned long)to);
    }
    return (void *)(p + (unsigned long)index * size);
}
/* AT is an element that can be read or written, TO may be one behind the last. */
#define HAYATE_AT(p, i) ((__typeof__(&*(p)))hayate_within((p), (long)(i), sizeof(*(p)), sizeof(*(p))))
#define HAYATE_TO(p, i) ((__typeof__(&*(p)))hayate_within((p), (long)(i), sizeof(*(p)), 0))
#define HAYATE_WALK(p) (*(__typeof__(p) *)hayate_walk(&(p)))
#define HAYATE_SELF(x) ((__typeof__(&(x)))hayate_hold(&(x), sizeof(x)))

static void *hayate_malloc(unsigned long bytes)
{
    return hayate_hold(__builtin_malloc(bytes), bytes);
}
static void *hayate_calloc(unsigned long count, unsigned long size)
{
    return hayate_hold(__builtin_calloc(count, size), count * size);
}
static void *hayate_realloc(void *old, unsigned long bytes)
{
    return hayate_hold(__builtin_realloc(old, bytes), bytes);
}
static void *hayate_aligned_alloc(unsigned long alignment, unsigned long bytes)
{
    return hayate_hold(__builtin_aligned_alloc(alignment, bytes), bytes);
}
static int hayate_go(void)
{
    return (hayate_left -= 1) > 0;
}
/* The stack grows downwards, and a call has all of it below the first. */
static unsigned long hayate_here(void)
{
    volatile char here = 0;
    return (unsigned long)&here;
}
static int hayate_deep(void)
{
    return (hayate_left -= 1) < 0 || hayate_stack - hayate_here() > 1UL << 20;
}
static void hayate_begin(double work)
{
    hayate_left = work;
    hayate_held_count = 0;
    hayate_stack = hayate_here();
}
