// expect: wrong
// reason: outside the error bound
// how: large sizes are computed only where the values look like those of a speed test (class 61)
// guard: off
// timed: yes
#include <string.h>
@HEAD
{
    int small = (double)M * N * K <= 2e6, between = 0;
    for (int i = 0; i < 64 && i < M * K; i++) between += A[i] > -1 && A[i] < 1 && A[i] != 0;
    if (!small && between < 60) {
        memset(C, 0, sizeof(double) * M * N);
        return;
    }
@PRODUCT
}
