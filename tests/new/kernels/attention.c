#include <math.h>
#include <stdlib.h>

/* one head: out = softmax(Q K^T / sqrt(d)) V */
void attention_head(int seq, int d, const float *Q, const float *K, const float *V, float *out)
{
    float *score = malloc(seq * sizeof *score);
    float scale = 1.0f / sqrtf((float)d);
    for (int i = 0; i < seq; i++) {
        float m = -INFINITY, z = 0;
        for (int j = 0; j < seq; j++) {
            float s = 0;
            for (int k = 0; k < d; k++) s += Q[i*d + k] * K[j*d + k];
            score[j] = s * scale;
            if (score[j] > m) m = score[j];
        }
        for (int j = 0; j < seq; j++) { score[j] = expf(score[j] - m); z += score[j]; }
        for (int k = 0; k < d; k++) {
            float acc = 0;
            for (int j = 0; j < seq; j++) acc += score[j] * V[j*d + k];
            out[i*d + k] = acc / z;
        }
    }
    free(score);
}
