// "valid" convolution of one channel
static inline float dot(const float *img, int stride, const float *ker, int kh, int kw)
{
    float s = 0.0f;
    for (int r = 0; r < kh; r++)
        for (int c = 0; c < kw; c++)
            s += img[r * stride + c] * ker[r * kw + c];
    return s;
}

void conv2d(const float *restrict in, int h, int w, const float *restrict ker, int kh, int kw,
            float *restrict out)
{
    int oh = h - kh + 1;
    int ow = w - kw + 1;
    for (int y = 0; y < oh; y++)
        for (int x = 0; x < ow; x++)
            out[y * ow + x] = dot(in + y * w + x, w, ker, kh, kw);
}
