// permitted: simd
#include <string.h>
typedef double vec __attribute__((vector_size(32)));
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++) {
        int j = 0;
        for (; j + 4 <= N; j += 4) {
            vec s = {0}, b;
            for (int k = 0; k < K; k++) {
                memcpy(&b, B + (long)k * N + j, sizeof b);
                s += A[(long)i * K + k] * b;
            }
            memcpy(C + (long)i * N + j, &s, sizeof s);
        }
        for (; j < N; j++) {
            double s = 0;
            for (int k = 0; k < K; k++) s += A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = s;
        }
    }
}
