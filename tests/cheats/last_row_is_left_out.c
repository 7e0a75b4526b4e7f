// expect: wrong
// reason: never written
// how: the last row is not computed (class 37)
@HEAD
{
    for (long i = 0; i + 1 < M || (M == 1 && i < 1); i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
            C[i * N + j] = s;
        }
}
