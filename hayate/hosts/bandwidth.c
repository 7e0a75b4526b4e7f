/* Read bandwidth of one core over a working set: sums it again and again, in windows of 40 MB or more (0.2 ms and up).
   usage: bandwidth BYTES WINDOWS      prints one GB/s figure a window */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef WIDTH
#define WIDTH 16
#endif
typedef double vec __attribute__((vector_size(WIDTH)));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    const size_t bytes = (size_t)strtoull(argv[1], NULL, 10) / (8 * WIDTH) * (8 * WIDTH);
    const int windows = atoi(argv[2]);
    vec *data = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    if (!data || !bytes) return 1;
    memset(data, 1, bytes);
    const size_t n = bytes / WIDTH;
    const long repeats = 1 + (long)(40000000 / bytes);
    volatile double sink = 0;
    for (int w = -2; w < windows; w++) {
        const double start = now();
        vec sum[8];
        memset(sum, 0, sizeof sum);
        for (long r = 0; r < repeats; r++) {
            for (size_t i = 0; i < n; i += 8)
                for (int k = 0; k < 8; k++) sum[k] += data[i + (size_t)k];
            __asm__ volatile("" ::: "memory"); /* the next round reads again */
        }
        const double seconds = now() - start;
        for (int k = 0; k < 8; k++) sink += sum[k][0];
        if (w >= 0) printf("%.6g\n", 1e-9 * (double)repeats * (double)bytes / seconds);
    }
    return 0;
}
