#include <math.h>
#define EPS 1e-5f
void layer_norm(int batch, int dim, const float *x, const float *gamma, const float *beta, float *out)
{
    for (int b = 0; b < batch; b++) {
        const float *xr = &x[b * dim];
        float *o = &out[b * dim];
        float mean = 0, var = 0;
        for (int i = 0; i < dim; i++) mean += xr[i];
        mean /= dim;
        for (int i = 0; i < dim; i++) { float d = xr[i] - mean; var += d * d; }
        var /= dim;
        float inv = 1.0f / sqrtf(var + EPS);
        for (int i = 0; i < dim; i++) o[i] = (xr[i] - mean) * inv * gamma[i] + beta[i];
    }
}
