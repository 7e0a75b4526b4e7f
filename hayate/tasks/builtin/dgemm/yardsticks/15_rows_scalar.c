// permitted: none
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
  for (int i = 0; i < M * N; i++)
    C[i] = 0;
  for (int i = 0; i < M; i++)
    for (int l = 0; l < K; l++)
      for (int j = 0; j < N; j++)
        C[i * N + j] += A[i * K + l] * B[l * N + j];
}
