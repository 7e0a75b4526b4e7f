// permitted: simd
typedef double vec __attribute__((vector_size(64)));
union lanes { vec all; double one[8]; };
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j += 8) {
            const int n = N - j < 8 ? N - j : 8;
            union lanes s = {.all = {0}}, b = {.all = {0}};
            for (int k = 0; k < K; k++) {
                for (int x = 0; x < n; x++) b.one[x] = B[(long)k * N + j + x];
                s.all += b.all * A[(long)i * K + k];
            }
            for (int x = 0; x < n; x++) C[(long)i * N + j + x] = s.one[x];
        }
}
