// expect: wrong
// why: returns without a word
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
}
