// permitted: alloc
/* The benchmark's own habits: macros for types and bounds, pragmas that other compilers know, an option that is off. */
#include <stdlib.h>
#include <string.h>
#include <math.h>
#ifndef DATA_TYPE
#define DATA_TYPE double
#define DATA_PRINTF_MODIFIER "%0.2lf "
#define SCALAR_VAL(x) x
#endif
#define POLYBENCH_LOOP_BOUND(x, y) y
#define _PB_N POLYBENCH_LOOP_BOUND(N, n)
#define _PB_TSTEPS POLYBENCH_LOOP_BOUND(TSTEPS, tsteps)
#ifdef POLYBENCH_TIME
#include <sys/time.h>
#include <unistd.h>
static double rtclock(void) { struct timeval Tp; gettimeofday(&Tp, NULL); return Tp.tv_sec + Tp.tv_usec * 1.0e-6; }
#define polybench_start_instruments polybench_t_start = rtclock()
#define polybench_stop_instruments polybench_t_end = rtclock()
#else
#define polybench_start_instruments
#define polybench_stop_instruments
#endif

static void kernel_jacobi_2d(int tsteps, int h, int n, DATA_TYPE A[h][n], DATA_TYPE B[h][n])
{
    int t, i, j;
#pragma scop
    for (t = 0; t < _PB_TSTEPS; t++) {
        memcpy(B, A, sizeof(DATA_TYPE) * h * n);
        for (i = 1; i < h - 1; i++)
            for (j = 1; j < _PB_N - 1; j++)
                A[i][j] = SCALAR_VAL(0.5) * B[i][j] + SCALAR_VAL(0.125) * (B[i][j - 1] + B[i][1 + j] + B[1 + i][j] + B[i - 1][j]);
    }
#pragma endscop
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    DATA_TYPE(*B)[H][W] = malloc(sizeof *B);
    memcpy(u, u0, sizeof *B);
    polybench_start_instruments;
    if (B) kernel_jacobi_2d(sweeps, H, W, (DATA_TYPE(*)[W])u, *B);
    polybench_stop_instruments;
    free(B);
}
