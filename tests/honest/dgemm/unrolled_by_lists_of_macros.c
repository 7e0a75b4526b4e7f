// permitted: register_blocking unrolling
#define FOR_EACH_ROW(X) X(0) X(1) X(2) X(3)
#define FOR_EACH(X, r) X(r, 0) X(r, 1) X(r, 2) X(r, 3)
#define CELL(r, c) cell_##r##_##c
#define DECLARE(r, c) double CELL(r, c) = 0;
#define UPDATE(r, c) CELL(r, c) += a##r * b##c;
#define STORE(r, c) C[(long)(i + r) * N + j + c] = CELL(r, c);
#define LOAD_A(r) const double a##r = A[(long)(i + r) * K + k];
#define LOAD_B(c) const double b##c = B[(long)k * N + j + c];
#define DECLARE_ROW(r) FOR_EACH(DECLARE, r)
#define UPDATE_ROW(r) FOR_EACH(UPDATE, r)
#define STORE_ROW(r) FOR_EACH(STORE, r)
#define STR_(x) #x
#define STR(x) STR_(x)
#define DO_PRAGMA(x) _Pragma(STR(x))

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    int i = 0;
    for (; i + 4 <= M; i += 4) {
        int j = 0;
        for (; j + 4 <= N; j += 4) {
            FOR_EACH_ROW(DECLARE_ROW)
            DO_PRAGMA(GCC unroll 2)
            for (int k = 0; k < K; k++) {
                FOR_EACH_ROW(LOAD_A)
                FOR_EACH_ROW(LOAD_B)
                FOR_EACH_ROW(UPDATE_ROW)
            }
            FOR_EACH_ROW(STORE_ROW)
        }
        for (; j < N; j++)
            for (int r = i; r < i + 4; r++) {
                double s = 0;
                for (int k = 0; k < K; k++) s += A[(long)r * K + k] * B[(long)k * N + j];
                C[(long)r * N + j] = s;
            }
    }
    for (; i < M; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < K; k++) s += A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = s;
        }
}
