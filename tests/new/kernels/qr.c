#include <math.h>
/* modified Gram-Schmidt: A (m x n) becomes Q, R is n x n */
void mgs_qr(int m, int n, double *A, double *R)
{
    for (int k = 0; k < n; k++) {
        double norm = 0.0;
        for (int i = 0; i < m; i++) norm += A[i * n + k] * A[i * n + k];
        R[k * n + k] = sqrt(norm);
        for (int i = 0; i < m; i++) A[i * n + k] /= R[k * n + k];
        for (int j = 0; j < k; j++) R[k * n + j] = 0.0;
        for (int j = k + 1; j < n; j++) {
            double dot = 0.0;
            for (int i = 0; i < m; i++) dot += A[i * n + k] * A[i * n + j];
            R[k * n + j] = dot;
            for (int i = 0; i < m; i++) A[i * n + j] -= dot * A[i * n + k];
        }
    }
}
