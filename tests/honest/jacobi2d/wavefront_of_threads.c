// permitted: threads alloc
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#else
static inline int omp_get_thread_num(void) { return 0; }
static inline int omp_get_num_threads(void) { return 1; }
#endif

static inline void share(int n, int *first, int *last)
{
    const int me = omp_get_thread_num(), all = omp_get_num_threads(), each = n / all, more = n % all;
    *first = 1 + me * each + (me < more ? me : more);
    *last = *first + each + (me < more);
}

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    const size_t n = (size_t)H * W;
    double *const other = malloc(n * sizeof *other);
    double *grids[2] = {sweeps & 1 ? other : u, sweeps & 1 ? u : other};
    memcpy(u, u0, n * sizeof *u);
    memcpy(other, u0, n * sizeof *u);
#pragma omp parallel default(none) shared(grids, H, W, sweeps)
    {
        int first, last;
        share(H > 2 ? H - 2 : 0, &first, &last);
        for (int s = 0; s < sweeps; s++) {
            const double *restrict p = grids[s % 2];
            double *restrict q = grids[(s + 1) % 2];
            for (int i = first; i < last; i++)
                for (int j = 1; j < W - 1; j++) {
                    const size_t k = (size_t)i * W + j;
                    q[k] = 0.5 * p[k] + 0.125 * (p[k - W] + p[k + W] + p[k - 1] + p[k + 1]);
                }
#pragma omp barrier
        }
    }
    free(other);
}
