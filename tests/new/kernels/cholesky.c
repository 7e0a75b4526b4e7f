#include <math.h>
/* lower Cholesky factor in place; the upper triangle is left alone */
void cholesky(int n, double *A, int lda)
{
    for (int j = 0; j < n; j++) {
        double s = A[j * lda + j];
        for (int k = 0; k < j; k++) s -= A[j * lda + k] * A[j * lda + k];
        A[j * lda + j] = sqrt(s);
        for (int i = j + 1; i < n; i++) {
            double t = A[i * lda + j];
            for (int k = 0; k < j; k++) t -= A[i * lda + k] * A[j * lda + k];
            A[i * lda + j] = t / A[j * lda + j];
        }
    }
}
