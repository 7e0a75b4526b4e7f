static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
void base64_encode(const unsigned char *in, int len, char *out)
{
    int i, o = 0;
    for (i = 0; i + 2 < len; i += 3) {
        out[o++] = alphabet[in[i] >> 2];
        out[o++] = alphabet[((in[i] & 3) << 4) | (in[i + 1] >> 4)];
        out[o++] = alphabet[((in[i + 1] & 15) << 2) | (in[i + 2] >> 6)];
        out[o++] = alphabet[in[i + 2] & 63];
    }
    if (i < len) {
        out[o++] = alphabet[in[i] >> 2];
        if (i + 1 < len) {
            out[o++] = alphabet[((in[i] & 3) << 4) | (in[i + 1] >> 4)];
            out[o++] = alphabet[(in[i + 1] & 15) << 2];
        } else {
            out[o++] = alphabet[(in[i] & 3) << 4];
            out[o++] = '=';
        }
        out[o++] = '=';
    }
}
