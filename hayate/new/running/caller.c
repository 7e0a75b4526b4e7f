/*
 * Calls the function on arrays that are exactly as long as they are said to be, each allocated by itself, so that the
 * address sanitizer sees a step beyond; and takes the time.
 *
 * In: the file "plan", numbers of 64 bits. Runs, slots; for each run: calls to be timed; for each slot: kind, bytes,
 * the bytes padded to 8. Kind 0: a value or struct; 1: an array.
 * Out: the file "result". Per run: shortest time in ns; of each array its bytes; 64 returned bytes.
 * On stderr, before each run: "hayate array <slot> <address> <bytes>" of each array.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS = 64 };

void hayate_call(void **slot, void *returned);

static int64_t number(FILE *plan) {
    int64_t value;
    if (fread(&value, 8, 1, plan) != 1) exit(3);
    return value;
}

int main(void) {
    FILE *plan = fopen("plan", "rb"), *out = fopen("result", "wb");
    if (!plan || !out) return 2;
    int64_t runs = number(plan), slots = number(plan);
    if (slots > SLOTS) return 2;
    for (int64_t run = 0; run < runs; run++) {
        void *slot[SLOTS], *first[SLOTS] = {0};
        int64_t bytes[SLOTS], kind[SLOTS], calls = number(plan), best = INT64_MAX;
        for (int s = 0; s < slots; s++) {
            kind[s] = number(plan), bytes[s] = number(plan);
            slot[s] = malloc(bytes[s]);
            if (!slot[s] && bytes[s]) return 4;
            if (bytes[s] && fread(slot[s], 1, bytes[s], plan) != (size_t)bytes[s]) return 3;
            char pad[8];
            if (fread(pad, 1, (8 - bytes[s] % 8) % 8, plan) != (size_t)((8 - bytes[s] % 8) % 8)) return 3;
            if (kind[s] == 1) {
                fprintf(stderr, "hayate array %d %p %lld\n", s, slot[s], (long long)bytes[s]);
                if (calls > 1) first[s] = malloc(bytes[s] + 1);
                if (first[s]) memcpy(first[s], slot[s], bytes[s]);
            }
        }
        fprintf(stderr, "hayate run %lld\n", (long long)run);
        char returned[64] = {0};
        for (int64_t call = 0; call < calls; call++) {
            for (int s = 0; s < slots && call; s++)
                if (first[s]) memcpy(slot[s], first[s], bytes[s]);
            struct timespec from, to;
            clock_gettime(CLOCK_MONOTONIC, &from);
            hayate_call(slot, returned);
            clock_gettime(CLOCK_MONOTONIC, &to);
            int64_t ns = (to.tv_sec - from.tv_sec) * 1000000000ll + to.tv_nsec - from.tv_nsec;
            if (ns < best) best = ns;
        }
        fwrite(&best, 8, 1, out);
        for (int s = 0; s < slots; s++) {
            if (kind[s] == 1) fwrite(slot[s], 1, bytes[s], out);
            free(slot[s]);
            free(first[s]);
        }
        fwrite(returned, 1, 64, out);
        fflush(out);
    }
    return 0;
}
