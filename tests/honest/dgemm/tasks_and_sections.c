// permitted: threads simd blocking
/* Tasks over blocks of rows, the halves of the columns in two sections, sums by a reduction. */
#ifdef _OPENMP
#include <omp.h>
#else
#define omp_get_max_threads() 1
#endif
enum { ROWS = 16 };

#pragma omp declare simd notinbranch
static inline double product(double a, double b) { return a * b; }

static void rows(int first, int last, int from, int to, int N, int K, const double *A, const double *B, double *C)
{
    for (int i = first; i < last; i++)
        for (int j = from; j < to; j++) {
            double sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int k = 0; k < K; k++) sum += product(A[(long)i * K + k], B[(long)k * N + j]);
            C[(long)i * N + j] = sum;
        }
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    if (omp_get_max_threads() > 1 && M > ROWS) {
#pragma omp parallel
#pragma omp single
        {
            for (int i = 0; i < M; i += ROWS) {
#pragma omp task firstprivate(i)
                rows(i, i + ROWS < M ? i + ROWS : M, 0, N, N, K, A, B, C);
            }
#pragma omp taskwait
        }
        return;
    }
#pragma omp parallel sections
    {
#pragma omp section
        rows(0, M, 0, N / 2, N, K, A, B, C);
#pragma omp section
        rows(0, M, N / 2, N, N, K, A, B, C);
    }
}
