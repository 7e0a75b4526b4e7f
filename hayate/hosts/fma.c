/* FMA peak of one core, in windows of about a millisecond.   usage: fma WINDOWS   prints GFLOPS a window */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifndef WIDTH
#define WIDTH 16
#endif
typedef double vec __attribute__((vector_size(WIDTH)));
enum { CHAINS = 12, LANES = WIDTH / 8, ROUNDS = 100000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    volatile double one = 1.0000001, small = 1e-9, sink = 0;
    for (int w = -3; w < atoi(argv[1]); w++) {
        vec acc[CHAINS], x = {0}, y = {0};
        x = x + one;
        y = y + small;
        for (int c = 0; c < CHAINS; c++) acc[c] = x + (double)c;
        const double start = now();
        for (long n = 0; n < ROUNDS; n++)
#pragma GCC unroll 12
            for (int c = 0; c < CHAINS; c++) acc[c] = acc[c] * x + y;
        const double seconds = now() - start;
        for (int c = 0; c < CHAINS; c++) sink += acc[c][0];
        if (w >= 0) printf("%.6g\n", 2e-9 * CHAINS * LANES * ROUNDS / seconds);
    }
    return 0;
}
