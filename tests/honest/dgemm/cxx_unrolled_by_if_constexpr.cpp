// permitted: unrolling
template <int Left>
static inline double dot(const double *a, const double *b, long stride)
{
    if constexpr (Left == 0)
        return 0;
    else if constexpr (Left == 1)
        return *a * *b;
    else
        return dot<Left / 2>(a, b, stride) + dot<Left - Left / 2>(a + Left / 2, b + Left / 2 * stride, stride);
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    constexpr int Step = 1'6;
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            double sum = 0;
            int k = 0;
            for (; k + Step <= K; k += Step)
                sum += dot<Step>(A + static_cast<long>(i) * K + k, B + static_cast<long>(k) * N + j, N);
            for (; k < K; ++k) sum += dot<1>(A + static_cast<long>(i) * K + k, B + static_cast<long>(k) * N + j, N);
            C[static_cast<long>(i) * N + j] = sum;
        }
}
