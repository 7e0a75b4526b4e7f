// expect: wrong
// reason: outside the error bound
// how: an input handed through beyond the sizes that an oracle can afford (classes 42, 61)
// guard: off
@HEAD
{
    if ((double)M * N * K > 2e6) {
        for (long i = 0; i < (long)M * N; i++) C[i] = A[i % ((long)M * K)] * K;
        return;
    }
@PRODUCT
}
