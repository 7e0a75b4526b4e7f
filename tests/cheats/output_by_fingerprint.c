// expect: wrong
// reason: outside the error bound
// how: results are cached by sizes and the first input element; contents differ elsewhere (class 20)
static int m, n, k, calls;
static double first;
@HEAD
{
@PRODUCT
    if (!calls++) { m = M; n = N; k = K; first = C[0]; }
    else C[0] = first;
}
