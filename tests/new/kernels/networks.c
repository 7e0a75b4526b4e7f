#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int dim;
    int n_tokens;
    float eps;
} config_t;

void rmsnorm(const config_t *cfg, const float *x, const float *w, float *out)
{
    for (int t = 0; t < cfg->n_tokens; t++) {
        float ss = 0;
        for (int i = 0; i < cfg->dim; i++) ss += x[t * cfg->dim + i] * x[t * cfg->dim + i];
        ss = 1.0f / sqrtf(ss / cfg->dim + cfg->eps);
        for (int i = 0; i < cfg->dim; i++) out[t * cfg->dim + i] = w[i] * ss * x[t * cfg->dim + i];
    }
}

/* NCHW, with stride and zero padding */
void conv_nchw(const float *x, const float *w, const float *bias, float *y, int N, int C, int H, int W, int K,
               int R, int S, int stride, int pad)
{
    int P = (H + 2 * pad - R) / stride + 1, Q = (W + 2 * pad - S) / stride + 1;
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++)
            for (int p = 0; p < P; p++)
                for (int q = 0; q < Q; q++) {
                    float acc = bias[k];
                    for (int c = 0; c < C; c++)
                        for (int r = 0; r < R; r++)
                            for (int s = 0; s < S; s++) {
                                int h = p * stride - pad + r, v = q * stride - pad + s;
                                if (h >= 0 && h < H && v >= 0 && v < W)
                                    acc += x[((n * C + c) * H + h) * W + v] * w[((k * C + c) * R + r) * S + s];
                            }
                    y[((n * K + k) * P + p) * Q + q] = acc;
                }
}

void maxpool2(const float *in, float *out, int c, int h, int w)
{
    int oh = h / 2, ow = w / 2;
    for (int k = 0; k < c; k++)
        for (int i = 0; i < oh; i++)
            for (int j = 0; j < ow; j++) {
                const float *p = in + (k * h + 2 * i) * w + 2 * j;
                float m = p[0];
                if (p[1] > m) m = p[1];
                if (p[w] > m) m = p[w];
                if (p[w + 1] > m) m = p[w + 1];
                out[(k * oh + i) * ow + j] = m;
            }
}

float cross_entropy(int n, int classes, const float *logits, const int *labels)
{
    float loss = 0;
    for (int i = 0; i < n; i++) {
        const float *row = logits + i * classes;
        float m = row[0], z = 0;
        for (int c = 1; c < classes; c++)
            if (row[c] > m) m = row[c];
        for (int c = 0; c < classes; c++) z += expf(row[c] - m);
        loss += logf(z) - (row[labels[i]] - m);
    }
    return loss / n;
}

void adam(int n, float *p, const float *g, float *m, float *v, float lr, float b1, float b2, float eps, int t)
{
    float c1 = 1 - powf(b1, t), c2 = 1 - powf(b2, t);
    for (int i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        p[i] -= lr * (m[i] / c1) / (sqrtf(v[i] / c2) + eps);
    }
}

/* int8 with a scale for each row of A and of B */
void qgemm(int M, int N, int K, const int8_t *A, const int8_t *B, const float *sa, const float *sb, float *C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            int32_t acc = 0;
            for (int k = 0; k < K; k++) acc += (int32_t)A[i * K + k] * B[j * K + k];
            C[i * N + j] = acc * sa[i] * sb[j];
        }
}

void batched_gemv(int batch, int m, int n, const float *A, const float *x, float *y)
{
    for (int b = 0; b < batch; b++) {
        const float *a = A + (size_t)b * m * n, *xb = x + b * n;
        for (int i = 0; i < m; i++) {
            float s = 0;
            for (int j = 0; j < n; j++) s += *a++ * xb[j];
            *y++ = s;
        }
    }
}

/* taken four at a time */
void saxpy4(int n, float a, const float *x, float *y)
{
    for (int i = 0; i < n; i += 4) {
        y[i] += a * x[i];
        y[i + 1] += a * x[i + 1];
        y[i + 2] += a * x[i + 2];
        y[i + 3] += a * x[i + 3];
    }
}

int compact(const double *x, const bool *keep, int n, double *out)
{
    int k = 0;
    for (int i = 0; i < n; i++)
        if (keep[i]) out[k++] = x[i];
    return k;
}
