// permitted: loop_order unrolling
/* As f2c leaves it: everything by address, one-based, with labels. */
typedef int integer;
typedef double doublereal;
#define a_ref(i, j) a[((i) - 1) * lda + (j) - 1]
#define b_ref(i, j) b[((i) - 1) * ldb + (j) - 1]
#define c_ref(i, j) c__[((i) - 1) * ldc + (j) - 1]

static int dgemm_nn_(const integer *m, const integer *n, const integer *k, const doublereal *a, const doublereal *b, doublereal *c__)
{
    const long lda = *k, ldb = *n, ldc = *n;
    integer i__, j, l, i__1, i__2;
    doublereal temp;
    i__1 = *m;
    for (i__ = 1; i__ <= i__1; ++i__) {
        for (j = 1; j <= *n; ++j) c_ref(i__, j) = 0.;
        l = 1;
L20:
        if (l > *k) goto L50;
        temp = a_ref(i__, l);
        if (temp == 0.) goto L40;
        i__2 = *n % 4;
        for (j = 1; j <= i__2; ++j) c_ref(i__, j) += temp * b_ref(l, j);
        for (j = i__2 + 1; j <= *n; j += 4) {
            c_ref(i__, j) += temp * b_ref(l, j);
            c_ref(i__, j + 1) += temp * b_ref(l, j + 1);
            c_ref(i__, j + 2) += temp * b_ref(l, j + 2);
            c_ref(i__, j + 3) += temp * b_ref(l, j + 3);
        }
L40:
        ++l;
        goto L20;
L50:;
    }
    return 0;
} /* dgemm_nn_ */

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    dgemm_nn_(&M, &N, &K, A, B, C);
}
