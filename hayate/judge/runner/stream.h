/* A keyed stream of random words: who sees some of it can't tell the rest, nor the key. ChaCha with 8 rounds (Bernstein,
   "ChaCha, a variant of Salsa20", 2008), sixteen blocks side by side, so that filling an array is a vector loop. */
#ifndef HAYATE_STREAM_H
#define HAYATE_STREAM_H
#include <stdint.h>
#include <string.h>

enum { HY_KEY_WORDS = 8, HY_STREAM_WORDS = 128 };

struct hy_key {
    uint32_t word[HY_KEY_WORDS];
};

/* What a stream is for: of the same call each use has its own. */
enum hy_use {
    HY_VALUES = 0, /* and one more for each further input */
    HY_EXPONENTS = 64,
    HY_PLACES = 128,
    HY_POSITIONS,
    HY_STRETCHES,
    HY_KEPT,
    HY_PICKED,
    HY_SEED,
    HY_SENTINEL,
    HY_PATTERN
};

struct hy_stream {
    struct hy_key key;
    uint64_t call; /* the number of the call that it belongs to */
    uint32_t use;
    uint32_t chunk; /* the next 128 words */
    int left;       /* of `words` */
    uint64_t words[HY_STREAM_WORDS];
};

typedef uint32_t hy_lanes __attribute__((vector_size(64)));

#define HY_ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
#define HY_QUARTER(a, b, c, d) \
    a += b, d ^= a, d = HY_ROTATE(d, 16), c += d, b ^= c, b = HY_ROTATE(b, 12), \
    a += b, d ^= a, d = HY_ROTATE(d, 8), c += d, b ^= c, b = HY_ROTATE(b, 7)

/* 128 words of chunk number `chunk`. */
static inline void hy_chunk(const struct hy_key *key, uint64_t call, uint32_t use, uint32_t chunk, uint64_t *out)
{
    static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    hy_lanes first[16], x[16];
    for (int i = 0; i < 4; i++) first[i] = (hy_lanes){0} + constant[i];
    for (int i = 0; i < 8; i++) first[4 + i] = (hy_lanes){0} + key->word[i];
    for (int lane = 0; lane < 16; lane++) first[12][lane] = 16 * chunk + (uint32_t)lane;
    first[13] = (hy_lanes){0} + use;
    first[14] = (hy_lanes){0} + (uint32_t)call;
    first[15] = (hy_lanes){0} + (uint32_t)(call >> 32);
    memcpy(x, first, sizeof x);
    for (int round = 0; round < 4; round++) {
        HY_QUARTER(x[0], x[4], x[8], x[12]);
        HY_QUARTER(x[1], x[5], x[9], x[13]);
        HY_QUARTER(x[2], x[6], x[10], x[14]);
        HY_QUARTER(x[3], x[7], x[11], x[15]);
        HY_QUARTER(x[0], x[5], x[10], x[15]);
        HY_QUARTER(x[1], x[6], x[11], x[12]);
        HY_QUARTER(x[2], x[7], x[8], x[13]);
        HY_QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; i++) x[i] += first[i];
    memcpy(out, x, sizeof x);
}

static inline struct hy_stream hy_stream_of(const struct hy_key *key, uint64_t call, uint32_t use)
{
    struct hy_stream s;
    s.key = *key;
    s.call = call;
    s.use = use;
    s.chunk = 0;
    s.left = 0;
    return s;
}

static inline uint64_t hy_word(struct hy_stream *s)
{
    if (!s->left) {
        hy_chunk(&s->key, s->call, s->use, s->chunk++, s->words);
        s->left = HY_STREAM_WORDS;
    }
    return s->words[--s->left];
}

/* 0 to n - 1; its bias is n / 2^64. */
static inline uint64_t hy_below(struct hy_stream *s, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)hy_word(s) * n) >> 64);
}

#endif
