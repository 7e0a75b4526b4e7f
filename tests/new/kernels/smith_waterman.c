#define MAX(a, b) ((a) > (b) ? (a) : (b))
int smith_waterman(const signed char *a, int m, const signed char *b, int n, int match, int mismatch,
                   int gap, int *H)
{
    int best = 0;
    for (int j = 0; j <= n; j++) H[j] = 0;
    for (int i = 1; i <= m; i++) {
        H[i * (n + 1)] = 0;
        for (int j = 1; j <= n; j++) {
            int s = a[i - 1] == b[j - 1] ? match : -mismatch;
            int h = MAX(0, H[(i - 1) * (n + 1) + j - 1] + s);
            h = MAX(h, H[(i - 1) * (n + 1) + j] - gap);
            h = MAX(h, H[i * (n + 1) + j - 1] - gap);
            H[i * (n + 1) + j] = h;
            best = MAX(best, h);
        }
    }
    return best;
}
