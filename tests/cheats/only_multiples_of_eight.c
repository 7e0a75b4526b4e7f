// expect: wrong
// reason: never written
// how: sizes are rounded down to what the kernel likes (class 41)
@HEAD
{
    for (long i = 0; i < (M & ~7); i++)
        for (long j = 0; j < (N & ~7); j++) {
            double s = 0;
            for (long k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
            C[i * N + j] = s;
        }
}
