#include <stdint.h>
static uint64_t next(uint64_t *s) { *s = *s * 6364136223846793005ULL + 1442695040888963407ULL; return *s >> 33; }
double estimate_pi(uint64_t seed, int samples)
{
    uint64_t s = seed;
    long hits = 0;
    for (int i = 0; i < samples; i++) {
        double x = next(&s) / 2147483648.0, y = next(&s) / 2147483648.0;
        if (x * x + y * y <= 1.0) hits++;
    }
    return 4.0 * hits / samples;
}
