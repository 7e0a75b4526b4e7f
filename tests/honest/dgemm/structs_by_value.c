// permitted: none
struct pair { double x, y; };
static inline struct pair add(struct pair s, double a, struct pair b)
{
    return (struct pair){s.x + a * b.x, s.y + a * b.y};
}
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j += 2) {
            struct pair s = {0};
            const int two = j + 1 < N;
            for (int k = 0; k < K; k++) {
                const double *b = B + (long)k * N + j;
                s = add(s, A[(long)i * K + k], (struct pair){b[0], two ? b[1] : 0});
            }
            C[(long)i * N + j] = s.x;
            if (two) C[(long)i * N + j + 1] = s.y;
        }
}
