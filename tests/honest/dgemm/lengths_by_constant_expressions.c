// permitted: register_blocking
/* Small tiles whose lengths are computed in every way that C knows; none of them is scratch memory. */
#include <stddef.h>
#include <stdint.h>
#define LINE 64
#define IS_POWER_OF_TWO(x) (((x) & ((x) - 1)) == 0)
enum { MR = LINE / sizeof(double) > 4 ? 4 : 2, NR, COUNT = 'D' - 'A' };
struct tile { int32_t rows; double values[8]; };
static const int WIDTH = LINE / sizeof(double);
_Static_assert(IS_POWER_OF_TWO(LINE) && offsetof(struct tile, values) == 8, "layout");

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    double acc[MR][IS_POWER_OF_TWO(LINE) ? LINE / sizeof(double) : 64], row[offsetof(struct tile, values)];
    double edge[(~0u >> 29) + 1], spare[COUNT | 4 ^ 4], last[LINE / sizeof(double)];
    for (int i = 0; i < M; i += MR)
        for (int j = 0; j < N; j += WIDTH) {
            const int mr = M - i < MR ? M - i : MR, nr = N - j < WIDTH ? N - j : WIDTH;
            for (int r = 0; r < mr; r++)
                for (int c = 0; c < nr; c++) acc[r][c] = 0;
            for (int k = 0; k < K; k++) {
                for (int c = 0; c < nr; c++) row[c] = last[c] = B[(size_t)k * N + j + c];
                for (int r = 0; r < mr; r++) {
                    edge[r] = spare[r & 1] = A[(size_t)(i + r) * K + k];
                    for (int c = 0; c < nr; c++) acc[r][c] += edge[r] * (c & 1 ? row[c] : last[c]);
                }
            }
            for (int r = 0; r < mr; r++)
                for (int c = 0; c < nr; c++) C[(size_t)(i + r) * N + j + c] = acc[r][c];
        }
}
