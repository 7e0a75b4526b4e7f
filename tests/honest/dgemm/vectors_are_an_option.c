// permitted: none
/* The wide path is off unless somebody asks for it, and so are its prefetches, its scratch memory and its clock. */
#ifdef KERNEL_TUNED
#include <immintrin.h>
#include <time.h>
#pragma GCC optimize("O3,unroll-loops")
#define PREFETCH(p) __builtin_prefetch((p), 0, 3)
static double pack[1 << 16];
static double seconds(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
static inline void flush(void) { __asm__ volatile("" ::: "memory"); }
#else
#define PREFETCH(p) ((void)0)
#endif
#define BARRIER() __asm__ volatile("" ::: "memory")

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++) {
        double *restrict c = C + (long)i * N;
        for (int j = 0; j < N; j++) c[j] = 0;
        for (int k = 0; k < K; k++) {
            const double a = A[(long)i * K + k], *restrict b = B + (long)k * N;
            PREFETCH(b + N);
            for (int j = 0; j < N; j++) c[j] += a * b[j];
        }
    }
}
