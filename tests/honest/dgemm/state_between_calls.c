// permitted: alloc
#include <stdlib.h>
#include <string.h>
/* Scratch memory that is kept and grows, and a count of calls: state is legal, results of other calls are not. */
static double *row;
static int room, calls;
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    calls++;
    if (N > room) {
        free(row);
        row = malloc(sizeof(double) * N);
        room = N;
    }
    for (int i = 0; i < M; i++) {
        memset(row, 0, sizeof(double) * N);
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) row[j] += A[(size_t)i * K + k] * B[(size_t)k * N + j];
        memcpy(C + (size_t)i * N, row, sizeof(double) * N);
    }
}
