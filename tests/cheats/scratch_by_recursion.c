// expect: crashed
// reason: signal 11
// how: scratch memory that is withheld, in frames of permitted size that a recursion leaves standing (class 52)
static void work(int M, int N, int K, const double *A, const double *B, double *C, double **shelf)
{
    for (long p = 0; p < (long)K * N && p < 192 * 512; p++) shelf[p / 512][p % 512] = B[p];
@PRODUCT
    C[0] += shelf[0][0] - B[0];
}
static void deeper(int depth, int M, int N, int K, const double *A, const double *B, double *C, double **shelf)
{
    double block[512];
    shelf[depth] = block;
    if (depth == 191)
        work(M, N, K, A, B, C, shelf);
    else
        deeper(depth + 1, M, N, K, A, B, C, shelf);
    shelf[depth][0] = 0;
}
@HEAD
{
    double *shelf[192];
    deeper(0, M, N, K, A, B, C, shelf);
}
