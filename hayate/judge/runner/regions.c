#define _GNU_SOURCE
#include "regions.h"

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

struct region inputs, outputs[2];
struct hy_key key;
int64_t sizes[HY_MAX_SIZES], lengths[HY_MAX_ARRAYS];
uint64_t offsets[HY_MAX_ARRAYS];
static uint64_t *pattern;
static struct span {
    size_t start, end; /* bytes; where arrays lay at the last wipe, and the pattern is lost */
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

void map_regions(const int fds[3])
{
    inputs = map(fds[0], FIXED | F_SEAL_FUTURE_WRITE);
    for (int i = 0; i < 2; i++) outputs[i] = map(fds[1 + i], FIXED);
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

/* Addresses vary from call to call; arrays keep to a cache line. */
void place(uint64_t call)
{
    struct hy_stream places = hy_stream_of(&key, call, HY_PLACES);
    uint64_t at = 0;
    for (int i = 0; i < HY_INPUTS; i++) {
        at += 64 * hy_below(&places, 64);
        offsets[i] = at;
        at += ((uint64_t)lengths[i] * 8 + 63) & ~63ULL;
    }
    if (at > inputs.bytes) fail("clock", "inputs %llu", (unsigned long long)at);
    at = 0;
    for (int i = 0; i < HY_OUTPUTS; i++) {
        at += GUARD + 64 * hy_below(&places, 64);
        offsets[HY_INPUTS + i] = at;
        at += (((uint64_t)lengths[HY_INPUTS + i] * 8 + 63) & ~63ULL) + GUARD;
    }
    if (at > outputs[0].bytes) fail("clock", "outputs %llu", (unsigned long long)at);
}

double *output(int which, int i) { return (double *)(outputs[which].base + offsets[HY_INPUTS + i]); }

static void restore(int which, size_t start, size_t end)
{
    if (start < end) memcpy(outputs[which].base + start, (const char *)pattern + start, end - start);
}

uint64_t wipe(int which, uint64_t call)
{
    struct hy_stream stream = hy_stream_of(&key, call, HY_SENTINEL);
    const uint64_t sentinel = 0x7ff4000000000001ULL | (hy_word(&stream) & 0x0003fffffffffffeULL);
    for (int i = 0; i < HY_OUTPUTS; i++) {
        const size_t start = offsets[HY_INPUTS + i], end = start + (size_t)lengths[HY_INPUTS + i] * 8;
        struct span *old = &dirty[which][i];
        /* What was this array's and is no more; what it keeps is written below. */
        restore(which, old->start, old->end < start ? old->end : start);
        restore(which, old->start > end ? old->start : end, old->end);
        *old = (struct span){start, end};
    }
    for (int i = 0; i < HY_OUTPUTS; i++) {
        uint64_t *to = (uint64_t *)output(which, i);
        for (int64_t k = 0; k < lengths[HY_INPUTS + i]; k++) to[k] = sentinel;
    }
    return sentinel;
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
    for (int i = 0; i < HY_OUTPUTS; i++) inside += dirty[which][i].end - dirty[which][i].start;
    const int whole = all || bytes - inside <= 4 * STRETCH;
    struct hy_stream stream = hy_stream_of(&key, call, HY_STRETCHES);
    int64_t count = 0;
    size_t at = 0;
    for (int i = 0; i <= HY_OUTPUTS; i++) {
        const size_t end = i < HY_OUTPUTS ? dirty[which][i].start : bytes;
        if (whole || end - at <= 2 * STRETCH) count += differing(which, at, end);
        else {
            const size_t stretch = at + (hy_below(&stream, end - at - STRETCH) & ~7ULL);
            count += differing(which, at, at + STRETCH / 4) + differing(which, end - STRETCH / 4, end);
            count += differing(which, stretch, stretch + STRETCH);
        }
        if (i < HY_OUTPUTS) at = dirty[which][i].end;
    }
    return count;
}
