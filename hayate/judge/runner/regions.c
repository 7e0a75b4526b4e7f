#define _GNU_SOURCE
#include "regions.h"

#include "elements.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

enum { FIXED = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };
static const size_t STRETCH = 256 * 1024; /* a region up to this much larger than its arrays is looked at as a whole */

struct region inputs, outputs[2], expected;
struct hy_key key;
uint64_t offsets[HY_MAX_ARRAYS], initial[HY_MAX_ARRAYS], generated_at[HY_MAX_ARRAYS];
uint64_t want_at[HY_MAX_ARRAYS], bound_at[HY_MAX_ARRAYS];
static uint64_t *pattern;
static struct span {
    size_t start, end; /* bytes, whole words; where arrays lay at the last wipe, and the pattern is lost */
} dirty[2][HY_MAX_ARRAYS];

void populate(void *base, size_t bytes) { (void)!madvise(base, bytes, MADV_POPULATE_WRITE); }

static struct region map(int fd, int seals)
{
    struct stat info;
    if (fstat(fd, &info)) fail("clock", "fstat %d", errno);
    struct region made = {NULL, (size_t)info.st_size};
    void *base = mmap(NULL, made.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) fail("clock", "mmap %d", errno);
    if (fcntl(fd, F_ADD_SEALS, seals)) fail("clock", "seal %d", errno);
    made.base = base;
    return made;
}

struct hy_control *map_control(int fd) { return (struct hy_control *)map(fd, FIXED).base; }

void map_regions(const int fds[4])
{
    inputs = map(fds[0], FIXED | F_SEAL_FUTURE_WRITE);
    for (int i = 0; i < 2; i++) outputs[i] = map(fds[1 + i], FIXED);
    expected = map(fds[3], FIXED);
}

void draw_pattern(void)
{
    const size_t chunk = HY_STREAM_WORDS * 8, bytes = (outputs[0].bytes + chunk - 1) / chunk * chunk;
    pattern = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pattern == MAP_FAILED) fail("clock", "mmap %d", errno);
    populate(pattern, bytes);
    for (size_t i = 0; i < bytes / chunk; i++)
        hy_chunk(&key, 0, HY_PATTERN, (uint32_t)i, pattern + i * HY_STREAM_WORDS);
    for (int i = 0; i < 2; i++) memcpy(outputs[i].base, pattern, outputs[i].bytes);
}

static uint64_t lines_of(uint64_t bytes) { return (bytes + 63) & ~63ULL; }

/* Addresses vary from call to call; arrays keep to a cache line. */
void place(uint64_t call)
{
    struct hy_stream places = hy_stream_of(&key, call, HY_PLACES);
    uint64_t in = 0, out = 0, due = 0, made = 0;
    for (int i = 0; i < array_count; i++) {
        if (!given(&arrays[i])) continue;
        generated_at[i] = made;
        made += lines_of(bytes_of(&arrays[i]));
        if (written(&arrays[i])) continue;
        in += 64 * hy_below(&places, 64);
        offsets[i] = initial[i] = in;
        in += lines_of(bytes_of(&arrays[i]));
    }
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        out += GUARD + 64 * hy_below(&places, 64);
        offsets[i] = out;
        out += lines_of(bytes_of(&arrays[i])) + GUARD;
        const uint64_t numbers = (uint64_t)arrays[i].length * (uint64_t)parts(&arrays[i]) * 8;
        want_at[i] = due;
        bound_at[i] = due + lines_of(numbers);
        due = bound_at[i] + lines_of(numbers);
        if (!given(&arrays[i])) continue;
        initial[i] = due;
        due += lines_of(bytes_of(&arrays[i]));
    }
    if (in > inputs.bytes) fail("clock", "inputs %llu", (unsigned long long)in);
    if (out > outputs[0].bytes) fail("clock", "outputs %llu", (unsigned long long)out);
    if (made > due) due = made;
    if (due > expected.bytes) fail("clock", "expected %llu", (unsigned long long)due);
}

void *output(int which, int i) { return outputs[which].base + offsets[i]; }

static void restore(int which, size_t start, size_t end)
{
    if (start < end) memcpy(outputs[which].base + start, (const char *)pattern + start, end - start);
}

void wipe(int which, uint64_t call, void *const *masters, uint64_t *sentinels)
{
    struct hy_stream stream = hy_stream_of(&key, call, HY_SENTINEL);
    for (int i = 0; i < array_count; i++) {
        if (!written(&arrays[i])) continue;
        const size_t start = offsets[i], end = start + ((bytes_of(&arrays[i]) + 7) & ~7ULL);
        struct span *old = &dirty[which][i];
        /* What was this array's and is no more; what it keeps is written below. */
        restore(which, old->start, old->end < start ? old->end : start);
        restore(which, old->start > end ? old->start : end, old->end);
        *old = (struct span){start, end};
    }
    for (int i = 0; i < array_count; i++) {
        const struct array *a = &arrays[i];
        if (!written(a)) continue;
        char *to = output(which, i);
        if (bytes_of(a) % 8) restore(which, dirty[which][i].end - 8, dirty[which][i].end); /* the last word's rest */
        sentinels[i] = sentinel_of(a, hy_word(&stream));
        if (a->role == HY_INOUT) memcpy(to, masters[i], bytes_of(a));
        else fill_sentinel(a, to, sentinels[i]);
    }
}

static int64_t differing(int which, size_t start, size_t end)
{
    if (start >= end) return 0;
    const char *here = outputs[which].base + start, *due = (const char *)pattern + start;
    if (!memcmp(here, due, end - start)) return 0;
    int64_t count = 0;
    for (size_t at = 0; at < end - start; at += 8) count += memcmp(here + at, due + at, 8) != 0;
    return count ? count : 1;
}

int64_t touched_outside(int which, uint64_t call, int all)
{
    /* Arrays lie in their order, so that what is outside are the gaps between them. */
    const size_t bytes = outputs[which].bytes;
    size_t inside = 0;
    for (int i = 0; i < array_count; i++) inside += dirty[which][i].end - dirty[which][i].start;
    const int whole = all || bytes - inside <= 4 * STRETCH;
    struct hy_stream stream = hy_stream_of(&key, call, HY_STRETCHES);
    int64_t count = 0;
    size_t at = 0;
    for (int i = 0; i <= array_count; i++) {
        if (i < array_count && !written(&arrays[i])) continue;
        const size_t end = i < array_count ? dirty[which][i].start : bytes;
        if (whole || end - at <= 2 * STRETCH) count += differing(which, at, end);
        else {
            const size_t stretch = at + (hy_below(&stream, end - at - STRETCH) & ~7ULL);
            count += differing(which, at, at + STRETCH / 4) + differing(which, end - STRETCH / 4, end);
            count += differing(which, stretch, stretch + STRETCH);
        }
        if (i == array_count) break;
        at = dirty[which][i].end;
        /* An array of small elements may end within a word. */
        const size_t last = dirty[which][i].start + bytes_of(&arrays[i]);
        if (last < at) count += memcmp(outputs[which].base + last, (const char *)pattern + last, at - last) != 0;
    }
    return count;
}
