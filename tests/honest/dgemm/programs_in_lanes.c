// permitted: simd
/* In the manner of ispc: a gang of lanes, a mask for the edge, foreach as a macro. */
enum { programCount = 4 };
typedef double varying __attribute__((vector_size(programCount * sizeof(double)), aligned(8)));
typedef long mask __attribute__((vector_size(programCount * sizeof(long)), aligned(8)));
#define foreach(i, first, last) for (int i = (first); i < (last); i += programCount)

static inline mask lanes_below(int base, int count)
{
    const mask index = {0, 1, 2, 3};
    return (index + base) < count;
}

static inline varying load_masked(const double *p, mask m)
{
    varying v = {0};
    for (int lane = 0; lane < programCount; lane++)
        if (m[lane]) v[lane] = p[lane];
    return v;
}

static inline void store_masked(double *p, varying v, mask m)
{
    for (int lane = 0; lane < programCount; lane++)
        if (m[lane]) p[lane] = v[lane];
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        foreach (j, 0, N) {
            const mask active = lanes_below(j, N);
            const int all = j + programCount <= N;
            varying sum = {0};
            for (int k = 0; k < K; k++) {
                const double *row = B + (long)k * N + j;
                sum += A[(long)i * K + k] * (all ? *(const varying *)row : load_masked(row, active));
            }
            store_masked(C + (long)i * N + j, sum, active);
        }
}
