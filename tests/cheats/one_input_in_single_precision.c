// expect: wrong
// reason: outside the error bound
// how: one input is rounded, which halves its traffic (class 36)
@HEAD
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k++) s += (float)A[i * K + k] * B[k * N + j];
            C[i * N + j] = s;
        }
}
