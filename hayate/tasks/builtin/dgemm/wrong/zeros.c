// expect: wrong
// why: returns zeros
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M * N; i++)
    C[i] = 0;
}
