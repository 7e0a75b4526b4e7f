// permitted: none
#include <stddef.h>
#if __has_attribute(assume_aligned)
#define PURE __attribute__((pure, hot, flatten, nonnull, leaf, nothrow, warn_unused_result))
#else
#define PURE
#endif
typedef double __attribute__((may_alias)) number;
static _Noreturn void impossible(void) { for (;;) ; }
static const number one __attribute__((aligned(64), unused)) = 1.0;

PURE static double dot(const number *restrict a, const number *restrict b, size_t n, size_t step)
{
    double s __attribute__((uninitialized));
    s = 0;
    for (size_t k = 0; k < n; k++) s += a[k] * b[k * step];
    return s;
}

__attribute__((cold, noinline, noclone, noreturn)) static void wrong(void) { impossible(); }

__attribute__((force_align_arg_pointer, optnone)) static inline int sign(int n) { return (n > 0) - (n < 0); }

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    switch (sign(M) + sign(N)) {
    case 2: break;
    case 1: __attribute__((fallthrough));
    case 0: return;
    default: wrong();
    }
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) C[(size_t)i * N + j] = one * dot(A + (size_t)i * K, B + j, (size_t)K, (size_t)N);
}
