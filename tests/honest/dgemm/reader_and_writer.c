// permitted: none
/* Access by two members of a structure, with names that the C library has, too. */
typedef struct matrix { const double *data; int ld; double (*read)(const struct matrix *, int, int); } matrix;
typedef struct { double *_begin, *_end; int time, clock; } target;

static double read(const matrix *m, int i, int j) { return m->data[(long)i * m->ld + j]; }
static void write(target *t, double value) { if (t->_begin < t->_end) *t->_begin++ = value; }
static double ddot(const matrix *a, const matrix *b, int i, int j, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++) sum += a->read(a, i, k) * b->read(b, k, j);
    return sum;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const matrix a = {A, K, read}, b = {.data = B, .ld = N, .read = read};
    target out = {C, C + (long)M * N, 0, 0};
    for (int open = 0; open < M; open++)
        for (int close = 0; close < N; close++, out.time++) write(&out, ddot(&a, &b, open, close, K));
    out.clock = out.time;
}
