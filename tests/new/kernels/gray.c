#include <stdint.h>
void rgb_to_gray(const uint8_t *rgb, uint8_t *gray, int width, int height)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint8_t *p = rgb + 3 * (y * width + x);
            gray[y * width + x] = (77 * p[0] + 150 * p[1] + 29 * p[2]) >> 8;
        }
}
