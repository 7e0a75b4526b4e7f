#include <math.h>
#define SOFTENING 1e-3f
void nbody_forces(int n, const float *x, const float *y, const float *z, const float *m,
                  float *ax, float *ay, float *az)
{
    for (int i = 0; i < n; i++) {
        float fx = 0, fy = 0, fz = 0;
        for (int j = 0; j < n; j++) {
            float dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
            float r2 = dx*dx + dy*dy + dz*dz + SOFTENING;
            float inv = 1.0f / sqrtf(r2);
            float f = m[j] * inv * inv * inv;
            fx += f * dx; fy += f * dy; fz += f * dz;
        }
        ax[i] = fx; ay[i] = fy; az[i] = fz;
    }
}
