/* Calls variants of jacobi2d beside the reference, on shapes from the command line, with guard bands around u. Inputs
 * are integers times 8^sweeps, as in the judge's exact test, so every result must be equal. Prints the first failure. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void entry(int, int, int, const double *, double *);
entry reference;
#define V(name) entry name;
#include "table.h"
#undef V
static struct {
    const char *name;
    entry *call;
} table[] = {
#define V(name) {#name, name},
#include "table.h"
};

enum { GUARD = 64 };

int main(int count, char **words)
{
    for (int at = 1; at + 2 < count; at += 3) {
        int H = atoi(words[at]), W = atoi(words[at + 1]), sweeps = atoi(words[at + 2]);
        size_t n = (size_t)H * W, bytes = n * sizeof(double);
        double *u0 = malloc(bytes), *copy = malloc(bytes), *right = malloc(bytes);
        double *all = malloc((n + 2 * GUARD) * sizeof(double)), *u = all + GUARD;
        uint64_t r = 88172645463325252u + at, bits = 52 - 3 * sweeps;
        for (size_t i = 0; i < n; i++) {
            r ^= r << 13, r ^= r >> 7, r ^= r << 17;
            u0[i] = (double)(int64_t)(r >> (64 - bits)) * (double)((int64_t)1 << 3 * sweeps) * (r & 1 ? 1 : -1);
        }
        memcpy(copy, u0, bytes);
        memset(right, 255, bytes);
        reference(H, W, sweeps, u0, right);
        for (size_t v = 0; v < sizeof table / sizeof *table; v++) {
            memset(all, 255, (n + 2 * GUARD) * sizeof(double));
            table[v].call(H, W, sweeps, u0, u);
            int guard = 0;
            for (int i = 0; i < GUARD; i++) {
                uint64_t x, y;
                memcpy(&x, all + i, 8);
                memcpy(&y, u + n + i, 8);
                guard |= x != UINT64_MAX || y != UINT64_MAX;
            }
            if (guard || memcmp(copy, u0, bytes)) {
                printf("%s writes outside u at %d x %d, %d sweeps\n", table[v].name, H, W, sweeps);
                return 1;
            }
            for (size_t i = 0; i < n; i++)
                if (!(u[i] == right[i])) {
                    printf("%s at %d x %d, %d sweeps: u[%zu][%zu] is %.17g, not %.17g\n", table[v].name, H, W, sweeps,
                           i / W, i % W, u[i], right[i]);
                    return 1;
                }
        }
        free(u0), free(copy), free(right), free(all);
    }
    return 0;
}
