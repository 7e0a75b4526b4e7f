#include <math.h>
#include <stddef.h>

/* exact = A B in extended precision (64 bits of mantissa), scale = |A| |B|, both M x N. */
void dgemm_exact(int M, int N, int K, const double *A, const double *B, double *exact, double *scale)
{
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      long double sum = 0, size = 0;
      for (int l = 0; l < K; l++) {
        long double product = (long double)A[(size_t)i * K + l] * B[(size_t)l * N + j];
        sum += product;
        size += fabsl(product);
      }
      exact[(size_t)i * N + j] = (double)sum;
      scale[(size_t)i * N + j] = (double)size;
    }
}

/* scale_ij = |row i of A| |column j of B|, which is at least (|A| |B|)_ij by Cauchy and Schwarz: O(MN + MK + KN). */
void dgemm_scale(int M, int N, int K, const double *A, const double *B, double *scale)
{
  /* The first row holds the columns' norms until the other rows are done, so that nothing is allocated. */
  double *column = scale;
  for (int j = 0; j < N; j++)
    column[j] = 0;
  for (int l = 0; l < K; l++)
    for (int j = 0; j < N; j++)
      column[j] += B[(size_t)l * N + j] * B[(size_t)l * N + j];
  for (int j = 0; j < N; j++)
    column[j] = sqrt(column[j]);
  for (int i = M - 1; i >= 0; i--) {
    double row = 0;
    for (int l = 0; l < K; l++)
      row += A[(size_t)i * K + l] * A[(size_t)i * K + l];
    row = sqrt(row);
    for (int j = 0; j < N; j++)
      scale[(size_t)i * N + j] = row * column[j];
  }
}
