#include <stdint.h>
static int clampi(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

void resize_bilinear(const uint8_t *src, int sw, int sh, uint8_t *dst, int dw, int dh)
{
    float fx = (float)sw / dw, fy = (float)sh / dh;
    for (int y = 0; y < dh; y++) {
        float v = (y + 0.5f) * fy - 0.5f;
        int y0 = clampi((int)v, 0, sh - 1), y1 = clampi(y0 + 1, 0, sh - 1);
        float b = v - y0;
        if (b < 0) b = 0;
        for (int x = 0; x < dw; x++) {
            float u = (x + 0.5f) * fx - 0.5f;
            int x0 = clampi((int)u, 0, sw - 1), x1 = clampi(x0 + 1, 0, sw - 1);
            float a = u - x0;
            if (a < 0) a = 0;
            float top = src[y0 * sw + x0] * (1 - a) + src[y0 * sw + x1] * a;
            float bot = src[y1 * sw + x0] * (1 - a) + src[y1 * sw + x1] * a;
            dst[y * dw + x] = (uint8_t)(top * (1 - b) + bot * b + 0.5f);
        }
    }
}
