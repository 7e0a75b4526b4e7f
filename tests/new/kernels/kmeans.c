#include <float.h>
void kmeans_assign(int n, int k, int dim, const float *pts, const float *centers, int *label)
{
    for (int i = 0; i < n; i++) {
        float best = FLT_MAX;
        int arg = 0;
        for (int c = 0; c < k; c++) {
            float d = 0;
            for (int j = 0; j < dim; j++) {
                float t = pts[i * dim + j] - centers[c * dim + j];
                d += t * t;
            }
            if (d < best) { best = d; arg = c; }
        }
        label[i] = arg;
    }
}
