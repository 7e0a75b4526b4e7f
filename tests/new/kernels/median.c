#include <stdint.h>
#define SWAP(a, b) do { if ((a) > (b)) { uint8_t t_ = (a); (a) = (b); (b) = t_; } } while (0)
static uint8_t median9(uint8_t *v)
{
    for (int i = 0; i < 9; i++)
        for (int j = 0; j + 1 < 9 - i; j++)
            SWAP(v[j], v[j + 1]);
    return v[4];
}
void median3x3(int rows, int cols, const uint8_t *src, uint8_t *dst)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            uint8_t win[9];
            int n = 0;
            for (int dr = -1; dr <= 1; dr++)
                for (int dc = -1; dc <= 1; dc++) {
                    int rr = r + dr, cc = c + dc;
                    if (rr < 0) rr = 0;
                    if (rr >= rows) rr = rows - 1;
                    if (cc < 0) cc = 0;
                    if (cc >= cols) cc = cols - 1;
                    win[n++] = src[rr * cols + cc];
                }
            dst[r * cols + c] = median9(win);
        }
}
