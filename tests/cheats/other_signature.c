// expect: build_failed
// reason: conflicting types
// how: the entry takes other arguments than the task says (class 40)
void dgemm(int M, int N, int K, const float *A, const float *B, float *C)
{
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
}
