// permitted: none
#include <stdalign.h>
#include <stddef.h>
typedef struct { size_t rows, columns, step; const double *at; } view;
struct range { size_t i, n; };
#define VIEW(...) ((view){__VA_ARGS__})
#define AT(v, i, j) ((v).at[(i) * (v).step + (j)])
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define NUMBER(x) _Generic((x), float: 0, double: 1, default: 2)

static inline double cell(view a, view b, size_t i, size_t j)
{
    alignas(32) double part[] = {[0] = 0, [3] = 0};
    for (size_t k = 0; k < a.columns; k++) part[k % LENGTH(part)] += AT(a, i, k) * AT(b, k, j);
    return (part[0] + part[1]) + (part[2] + part[3]);
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    _Static_assert(NUMBER(1.0) == 1, "numbers are doubles");
    const view a = VIEW(.rows = M, .columns = K, .step = K, .at = A), b = VIEW(.rows = K, .columns = N, .step = N, .at = B);
    for (const struct range *p = &(struct range){.n = N}; p; p = NULL)
        for (size_t i = p->i; i < a.rows; i++)
            for (size_t j = 0; j < p->n; j++) C[i * p->n + j] = cell(a, b, i, j);
}
