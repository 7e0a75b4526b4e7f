// permitted: unrolling
/* The remainder is taken by a switch whose cases fall through; loops are left by goto. */
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    static const signed char order[] = {0, 3, 2, 1};  // of the remainder: the case that it begins with
    int i = 0, j;
next_row:
    if (i == M) goto done;
    j = 0;
next_column:
    if (j < N) {
        const double *a = A + (long)i * K, *b = B + j;
        double s = 0;
        int n = K / 4;
        switch (order[K & 3]) {
        case 1: s += *a++ * *b; b += N; /* fall through */
        case 2: s += *a++ * *b; b += N; __attribute__((fallthrough));
        case 3: s += *a++ * *b; b += N;
        case 0: break;
        }
        while (n-- > 0) {
            s += a[0] * b[0] + a[1] * b[N] + a[2] * b[2L * N] + a[3] * b[3L * N];
            a += 4;
            b += 4L * N;
        }
        C[(long)i * N + j++] = s;
        goto next_column;
    }
    i++;
    goto next_row;
done:
    return;
}
