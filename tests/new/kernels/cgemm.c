#include <complex.h>
typedef float complex cfloat;
void cgemm(int m, int n, int k, cfloat alpha, const cfloat *A, const cfloat *B, cfloat *C)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            cfloat s = 0;
            for (int p = 0; p < k; p++) s += A[i*k + p] * B[p*n + j];
            C[i*n + j] = alpha * s;
        }
}
