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

/* LAPACK-like: gives up where the matrix is not positive definite */
int spd_solve(int n, double *A, int lda, double *b)
{
    if (n < 0 || lda < n) return -1;
    for (int j = 0; j < n; j++) {
        double d = A[j * lda + j];
        for (int k = 0; k < j; k++) d -= A[j * lda + k] * A[j * lda + k];
        if (d <= 0) return j + 1;
        d = sqrt(d);
        A[j * lda + j] = d;
        for (int i = j + 1; i < n; i++) {
            double s = A[i * lda + j];
            for (int k = 0; k < j; k++) s -= A[i * lda + k] * A[j * lda + k];
            A[i * lda + j] = s / d;
        }
    }
    for (int i = 0; i < n; i++) {
        double s = b[i];
        for (int k = 0; k < i; k++) s -= A[i * lda + k] * b[k];
        b[i] = s / A[i * lda + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        double s = b[i];
        for (int k = i + 1; k < n; k++) s -= A[k * lda + i] * b[k];
        b[i] = s / A[i * lda + i];
    }
    return 0;
}
