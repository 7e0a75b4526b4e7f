// permitted: none
static double madd(double s, double a, double b) { return s + a * b; }
static float maddf(float s, float a, float b) { return s + a * b; }
#define MADD(s, a, b) _Generic((s), double: madd, float: maddf)(s, a, b)
_Static_assert(sizeof(double) == 8, "double");
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < K; k++) s = MADD(s, A[(long)i * K + k], B[(long)k * N + j]);
            C[(long)i * N + j] = s;
        }
}
