#include <math.h>
#include <stdint.h>
#include <string.h>

/* PageRank over incoming edges */
void pagerank_step(int n, const int *offs, const int *src, const int *outdeg, const double *rank, double *next,
                   double d)
{
    for (int v = 0; v < n; v++) {
        double s = 0;
        for (int e = offs[v]; e < offs[v + 1]; e++) s += rank[src[e]] / outdeg[src[e]];
        next[v] = (1 - d) / n + d * s;
    }
}

/* block rows */
void bsr_spmv(int mb, int bs, const int *rp, const int *ci, const double *v, const double *x, double *y)
{
    for (int i = 0; i < mb; i++)
        for (int r = 0; r < bs; r++) {
            double s = 0;
            for (int p = rp[i]; p < rp[i + 1]; p++)
                for (int c = 0; c < bs; c++) s += v[(p * bs + r) * bs + c] * x[ci[p] * bs + c];
            y[i * bs + r] = s;
        }
}

void viterbi(int T, int S, const double *logA, const double *logB, const int *obs, int nobs, int *path,
             double *delta, int *psi)
{
    for (int s = 0; s < S; s++) delta[s] = logB[s * nobs + obs[0]];
    for (int t = 1; t < T; t++)
        for (int j = 0; j < S; j++) {
            double best = -1e300;
            int arg = 0;
            for (int i = 0; i < S; i++) {
                double v = delta[(t - 1) * S + i] + logA[i * S + j];
                if (v > best) best = v, arg = i;
            }
            delta[t * S + j] = best + logB[j * nobs + obs[t]];
            psi[t * S + j] = arg;
        }
    int a = 0;
    for (int s = 1; s < S; s++)
        if (delta[(T - 1) * S + s] > delta[(T - 1) * S + a]) a = s;
    path[T - 1] = a;
    for (int t = T - 2; t >= 0; t--) path[t] = psi[(t + 1) * S + path[t + 1]];
}

int64_t knapsack(int n, int cap, const int *w, const int *v, int64_t *dp)
{
    for (int c = 0; c <= cap; c++) dp[c] = 0;
    for (int i = 0; i < n; i++)
        for (int c = cap; c >= w[i]; c--) {
            int64_t t = dp[c - w[i]] + v[i];
            if (t > dp[c]) dp[c] = t;
        }
    return dp[cap];
}

void quicksort(double *v, int n)
{
    if (n < 2) return;
    double p = v[n / 2];
    int i = 0, j = n - 1;
    for (;; i++, j--) {
        while (v[i] < p) i++;
        while (v[j] > p) j--;
        if (i >= j) break;
        double t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
    quicksort(v, i);
    quicksort(v + i, n - i);
}

void merge_sort(int *a, int *tmp, int n)
{
    for (int w = 1; w < n; w *= 2) {
        for (int lo = 0; lo < n; lo += 2 * w) {
            int mid = lo + w < n ? lo + w : n, hi = lo + 2 * w < n ? lo + 2 * w : n, i = lo, j = mid, k = lo;
            while (i < mid && j < hi) tmp[k++] = a[i] <= a[j] ? a[i++] : a[j++];
            while (i < mid) tmp[k++] = a[i++];
            while (j < hi) tmp[k++] = a[j++];
        }
        memcpy(a, tmp, n * sizeof(int));
    }
}

/* symmetric, the lower triangle packed */
void spmv_packed(int n, const double *ap, const double *x, double *y)
{
    int k = 0;
    for (int i = 0; i < n; i++) y[i] = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++, k++) {
            y[i] += ap[k] * x[j];
            if (i != j) y[j] += ap[k] * x[i];
        }
}

void colmajor_gemv(int m, int n, const double *a, int lda, const double *x, double *y)
{
    for (int i = 0; i < m; i++) y[i] = 0;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) y[i] += a[i + j * lda] * x[j];
}

/* with partial pivoting */
int solve(int n, double *A, double *b, double *x)
{
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(A[i * n + k]) > fabs(A[p * n + k])) p = i;
        if (A[p * n + k] == 0) return -1;
        for (int j = 0; j < n; j++) {
            double t = A[k * n + j];
            A[k * n + j] = A[p * n + j];
            A[p * n + j] = t;
        }
        double t = b[k];
        b[k] = b[p];
        b[p] = t;
        for (int i = k + 1; i < n; i++) {
            double m = A[i * n + k] / A[k * n + k];
            for (int j = k; j < n; j++) A[i * n + j] -= m * A[k * n + j];
            b[i] -= m * b[k];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        double s = b[i];
        for (int j = i + 1; j < n; j++) s -= A[i * n + j] * x[j];
        x[i] = s / A[i * n + i];
    }
    return 0;
}

typedef struct { double cx, cy, cz, r; } sphere;

int intersect(const sphere *s, int n, const double *ox, const double *dx, double *t)
{
    int hits = 0;
    for (int i = 0; i < n; i++) {
        double b = ox[i] * dx[i] - s->cx, c = ox[i] * ox[i] - s->r * s->r, disc = b * b - c;
        t[i] = disc < 0 ? -1 : -b - sqrt(disc);
        hits += disc >= 0;
    }
    return hits;
}
