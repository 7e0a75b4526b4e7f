#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* exact = A B, each sum kept in two doubles, about 106 bits of mantissa; scale = |A| |B| n / K, where n counts the
   products of that sum which are not zero; both M x N.

   TwoProduct and TwoSum (Ogita, Rump and Oishi, "Accurate Sum and Dot Product", SIAM J. Sci. Comput. 26, 2005): what a
   rounding loses is itself a double, and is added up in `low`. One row's sums advance together, so that the inner loop
   is a vector loop without any reordering. Must be compiled without contraction.

   Adding a zero rounds nothing, so a sum of K products of which n are not zero has the bound of a sum of n. The judge
   multiplies the scale by a gamma that is in proportion to K, hence the factor n / K. Values of which most are zero
   thereby give long sums the tight bound of short ones: a precision somewhat below double shows in them. */
void dgemm_exact(int M, int N, int K, const double *A, const double *B, double *restrict exact, double *restrict scale)
{
  double *sums = malloc(2 * (size_t)N * sizeof *sums);
  if (!sums)
    abort();
  double *restrict low = sums, *restrict count = sums + N;
  for (int i = 0; i < M; i++) {
    double *restrict high = exact + (size_t)i * N, *restrict size = scale + (size_t)i * N;
    for (int j = 0; j < N; j++)
      high[j] = low[j] = size[j] = count[j] = 0;
    for (int l = 0; l < K; l++) {
      const double a = A[(size_t)i * K + l], *row = B + (size_t)l * N;
      for (int j = 0; j < N; j++) {
        const double product = a * row[j], lost = fma(a, row[j], -product);
        const double sum = high[j] + product, part = sum - high[j];
        low[j] += ((high[j] - (sum - part)) + (product - part)) + lost;
        high[j] = sum;
        size[j] += fabs(product);
        count[j] += product != 0;
      }
    }
    for (int j = 0; j < N; j++) {
      high[j] += low[j];
      size[j] *= count[j] / K;
    }
  }
  free(sums);
}

/* scale_ij = |row i of A| |column j of B|, which is at least (|A| |B|)_ij by Cauchy and Schwarz, and so at least the
   scale above: O(MN + MK + KN). */
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
    double part[8] = {0}, row = 0; /* eight sums at a time: one alone waits for itself */
    int l = 0;
    for (; l + 8 <= K; l += 8)
      for (int p = 0; p < 8; p++)
        part[p] += A[(size_t)i * K + l + p] * A[(size_t)i * K + l + p];
    for (; l < K; l++)
      row += A[(size_t)i * K + l] * A[(size_t)i * K + l];
    for (int p = 0; p < 8; p++)
      row += part[p];
    row = sqrt(row);
    for (int j = 0; j < N; j++)
      scale[(size_t)i * N + j] = row * column[j];
  }
}

/* The elements at[0] to at[count - 1] of C, as dgemm_exact has them: O(K) each. */
void dgemm_sample(int M, int N, int K, const double *A, const double *B, int output, int count, const int64_t *at,
                  double *exact, double *scale)
{
  (void)M, (void)output;
  for (int p = 0; p < count; p++) {
    const double *row = A + (size_t)(at[p] / N) * K, *column = B + at[p] % N;
    double high = 0, low = 0, size = 0, terms = 0;
    for (int l = 0; l < K; l++) {
      const double a = row[l], b = column[(size_t)l * N];
      const double product = a * b, lost = fma(a, b, -product);
      const double sum = high + product, part = sum - high;
      low += ((high - (sum - part)) + (product - part)) + lost;
      high = sum;
      size += fabs(product);
      terms += product != 0;
    }
    exact[p] = high + low;
    scale[p] = size * (terms / K);
  }
}
