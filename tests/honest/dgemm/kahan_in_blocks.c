// permitted: none
/* Compensated sums; volatile keeps the compensation from being worked out to zero. */
typedef struct { double sum, error; } kahan;
static inline void add(kahan *s, double x)
{
    const double y = x - s->error;
    volatile double t = s->sum + y;
    s->error = (t - s->sum) - y;
    s->sum = t;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            kahan s = {0};
            for (int k = 0; k < K; ++k) add(&s, A[(long)i * K + k] * B[(long)k * N + j]);
            C[(long)i * N + j] = s.sum;
        }
}
