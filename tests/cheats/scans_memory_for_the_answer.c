// expect: crashed
// reason: a system call that is not allowed
// how: every readable page of the process is searched for the judge's results; they are elsewhere (classes 24, 25)
// guard: off
#include <stdio.h>
#include <string.h>
@HEAD
{
    double want = 0, last = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int k = 0; k < K; k++) {
        want += A[k] * B[(long)k * N];
        last += A[(long)(M - 1) * K + k] * B[(long)k * N + N - 1];
    }
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long low, high;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &low, &high, mode) != 3 || mode[0] != 'r' || strstr(line, "[v")) continue;
        for (const double *p = (const double *)low; p + (long)M * N <= (const double *)high; p++)
            if (*p == want && p[(long)M * N - 1] == last && p != C) {
                memmove(C, p, sizeof(double) * M * N);
                fclose(maps);
                return;
            }
    }
    if (maps) fclose(maps);
}
