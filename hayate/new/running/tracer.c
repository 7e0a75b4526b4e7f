/*
 * Runs a function on arrays that lie in wide, empty regions, and notes each access to them.
 *
 * Theory of operation. The function is compiled with -fsanitize=thread, which puts a call before each access to
 * memory, and with -fsanitize-coverage=trace-pc, which puts one at the head of each basic block. Neither library is
 * linked: this file defines what is called. An access within an array's region is noted for its element: what came
 * first (read or written), and what came at all. An access far outside ends in a signal, which is reported with the
 * array that lies nearest.
 *
 * In: the file "plan", numbers of 64 bits. Runs, slots; for each run and slot: kind, then
 *   0 (scalar): 16 bytes of value, padded;                      1 (struct): byte count, the bytes padded to 8;
 *   2 (array): bytes of an element, way to fill, a, b, elements to fill (a and b: int64, or doubles for reals).
 * Out: the file "trace". Per run: 1 (done) or 0; per array: lowest and highest element (count -1 if none), the
 * places in the program that touched these, states of the elements between; counts of blocks; returned bytes.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 64, BEFORE = 1 << 22, AFTER = 1 << 25, BLOCKS = 1 << 14 };
enum { READ_FIRST = 1, WRITTEN_FIRST = 2, READ = 4, WRITTEN = 8 };

void hayate_call(void **slot, void *returned);
void *__real_memmove(void *to, const void *from, size_t n);
void *__real_memset(void *to, int c, size_t n);

typedef struct {
    char *start;    /* of the region */
    uint8_t *state; /* of each element */
    int64_t element, low, high;
    uint64_t low_pc, high_pc;
} Region;

static Region regions[SLOTS];
static int slots, tracing;
static FILE *out;
static struct { uint64_t pc, count; } blocks[BLOCKS];

static void touch(const char *at, int64_t size, int write, void *pc) {
    if (!tracing) return;
    for (int s = 0; s < slots; s++) {
        Region *r = &regions[s];
        if (!r->start || at < r->start || at >= r->start + BEFORE + AFTER) continue;
        int64_t first = (at - r->start) / r->element, last = (at - r->start + size - 1) / r->element;
        for (int64_t i = first; i <= last; i++) {
            if (!r->state[i]) r->state[i] = write ? WRITTEN_FIRST : READ_FIRST;
            r->state[i] |= write ? WRITTEN : READ;
        }
        if (first < r->low) r->low = first, r->low_pc = (uint64_t)pc;
        if (last > r->high) r->high = last, r->high_pc = (uint64_t)pc;
        return;
    }
}

#define HERE __builtin_return_address(0)
#define ACCESS(n) \
    void __tsan_read##n(void *p) { touch(p, n, 0, HERE); } \
    void __tsan_write##n(void *p) { touch(p, n, 1, HERE); } \
    void __tsan_unaligned_read##n(void *p) { touch(p, n, 0, HERE); } \
    void __tsan_unaligned_write##n(void *p) { touch(p, n, 1, HERE); } \
    void __tsan_volatile_read##n(void *p) { touch(p, n, 0, HERE); } \
    void __tsan_volatile_write##n(void *p) { touch(p, n, 1, HERE); } \
    void __tsan_read_write##n(void *p) { touch(p, n, 0, HERE); touch(p, n, 1, HERE); }
ACCESS(1) ACCESS(2) ACCESS(4) ACCESS(8) ACCESS(16)
void __tsan_read_range(void *p, long n) { touch(p, n, 0, HERE); }
void __tsan_write_range(void *p, long n) { touch(p, n, 1, HERE); }
void __tsan_func_entry(void *p) { (void)p; }
void __tsan_func_exit(void *p) { (void)p; }
void __tsan_init(void) {}
void __tsan_vptr_update(void **p, void *v) { (void)p, (void)v; }
void __tsan_vptr_read(void **p) { (void)p; }
void *__tsan_memcpy(void *to, const void *from, size_t n) {
    if (n) touch(from, n, 0, HERE), touch(to, n, 1, HERE);
    return __real_memmove(to, from, n);
}
void *__tsan_memset(void *to, int c, size_t n) {
    if (n) touch(to, n, 1, HERE);
    return __real_memset(to, c, n);
}
void *__wrap_memcpy(void *to, const void *from, size_t n) {
    if (n) touch(from, n, 0, HERE), touch(to, n, 1, HERE);
    return __real_memmove(to, from, n);
}
void *__wrap_memmove(void *to, const void *from, size_t n) {
    if (n) touch(from, n, 0, HERE), touch(to, n, 1, HERE);
    return __real_memmove(to, from, n);
}
void *__wrap_memset(void *to, int c, size_t n) {
    if (n) touch(to, n, 1, HERE);
    return __real_memset(to, c, n);
}

void __sanitizer_cov_trace_pc(void) {
    uint64_t pc = (uint64_t)HERE;
    if (!tracing) return;
    for (uint64_t i = (pc * 0x9E3779B97F4A7C15ull) >> 50, tries = 0; tries < BLOCKS; i = (i + 1) % BLOCKS, tries++)
        if (blocks[i].pc == pc || !blocks[i].pc) {
            blocks[i].pc = pc;
            blocks[i].count++;
            return;
        }
}

static void crashed(int signal, siginfo_t *info, void *context) {
    (void)context;
    int64_t words[4] = {0, signal, -1, 0};
    for (int s = 0; s < slots; s++) {
        if (!regions[s].start) continue;
        int64_t far = (char *)info->si_addr - (regions[s].start + BEFORE);
        if (words[2] < 0 || llabs(far) < llabs(words[3])) words[2] = s, words[3] = far;
    }
    fwrite(words, 8, 4, out);
    fflush(out);
    _exit(0);
}

static int64_t number(FILE *plan) {
    int64_t value;
    if (fread(&value, 8, 1, plan) != 1) exit(3);
    return value;
}

static uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

/*
 * Ways: 0 and 3 reals in [a, b], of 8 and 4 bytes; 1 integers a + b i; 2 integers from a to b; 4 and 5 reals of 8 and
 * 4 bytes in [0, 1], and 100 on the diagonal of rows of a. Elements of several reals are filled by parts.
 */
static void fill(char *to, int64_t element, int64_t way, int64_t a, int64_t b, int64_t count, uint64_t seed) {
    double low, high;
    memcpy(&low, &a, 8);
    memcpy(&high, &b, 8);
    int64_t part = way == 3 || way == 5 ? 4 : way == 0 || way == 4 ? 8 : element;
    int matrix = way >= 4;
    if (matrix) low = 0, high = 1;
    for (int64_t i = 0; i < count * element / part; i++) {
        uint64_t r = mixed(seed + (uint64_t)i * 0x9E3779B97F4A7C15ull);
        double real = low + (high - low) * ((double)(r >> 11) * 0x1p-53);
        if (matrix && i % (a + 1) == 0) real = 100;
        float single = (float)real;
        int64_t whole = way == 1 ? a + b * i : a + (int64_t)(r % (uint64_t)(b - a + 1));
        if (way == 0 || way == 4) memcpy(to + i * part, &real, 8);
        else if (way == 3 || way == 5) memcpy(to + i * part, &single, 4);
        else memcpy(to + i * part, &whole, part);
    }
}

int main(void) {
    FILE *plan = fopen("plan", "rb");
    out = fopen("trace", "wb");
    if (!plan || !out) return 2;
    static char stack[1 << 16];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, 0);
    struct sigaction act = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (int i = 0; i < 5; i++) sigaction(caught[i], &act, 0);
    int64_t runs = number(plan);
    slots = (int)number(plan);
    if (slots > SLOTS) return 2;
    for (int64_t run = 0; run < runs; run++) {
        static char values[SLOTS][4096];
        void *slot[SLOTS];
        for (int s = 0; s < slots; s++) {
            int64_t kind = number(plan);
            if (kind < 2) {
                int64_t bytes = kind == 0 ? 16 : (number(plan) + 7) / 8 * 8;
                if (bytes > 4096 || fread(values[s], 1, bytes, plan) != (size_t)bytes) return 2;
                slot[s] = values[s];
                continue;
            }
            Region *r = &regions[s];
            int64_t element = number(plan), way = number(plan), a = number(plan), b = number(plan), n = number(plan);
            if (!r->start) {
                int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
                r->start = mmap(0, BEFORE + AFTER, PROT_READ | PROT_WRITE, flags, -1, 0);
                r->state = mmap(0, BEFORE + AFTER, PROT_READ | PROT_WRITE, flags, -1, 0);
                if (r->start == MAP_FAILED || r->state == MAP_FAILED) return 2;
            }
            r->element = element;
            r->low = INT64_MAX, r->high = -1;
            slot[s] = r->start + BEFORE / element * element;
            fill(slot[s], element, way, a, b, n, mixed((uint64_t)(run * SLOTS + s + 1)));
        }
        memset(blocks, 0, sizeof blocks);
        char returned[64] = {0};
        tracing = 1;
        hayate_call(slot, returned);
        tracing = 0;
        int64_t done = 1;
        fwrite(&done, 8, 1, out);
        for (int s = 0; s < slots; s++) {
            Region *r = &regions[s];
            if (!r->start) continue;
            int64_t zero = BEFORE / r->element, any = r->high >= 0;
            int64_t words[4] = {any ? r->low - zero : 0, any ? r->high - zero : -1, (int64_t)r->low_pc, (int64_t)r->high_pc};
            fwrite(words, 8, 4, out);
            if (!any) continue;
            int64_t count = r->high - r->low + 1;
            fwrite(r->state + r->low, 1, count, out);
            memset(r->state + r->low, 0, count);
            memset(r->start + r->low * r->element, 0, count * r->element);
        }
        int64_t used = 0;
        for (int i = 0; i < BLOCKS; i++) used += blocks[i].pc != 0;
        fwrite(&used, 8, 1, out);
        for (int i = 0; i < BLOCKS; i++)
            if (blocks[i].pc) fwrite(&blocks[i], 16, 1, out);
        fwrite(returned, 1, 64, out);
        fflush(out);
    }
    return 0;
}
