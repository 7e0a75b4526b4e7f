// expect: wrong
// reason: outside the error bound
// how: the output is a copy of an input (class 42)
@HEAD
{
    for (long i = 0; i < (long)M * N; i++) C[i] = A[i % ((long)M * K)];
}
