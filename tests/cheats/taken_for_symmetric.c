// expect: wrong
// reason: outside the error bound
// how: half of a square result is copied from the other half (class 40)
@HEAD
{
@PRODUCT
    const int n = M < N ? M : N;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < i; j++) C[i * N + j] = C[j * N + i];
}
