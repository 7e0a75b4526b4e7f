// expect: wrong
// reason: outside the error bound
// how: terms that are small beside the rest are left out (class 37)
@HEAD
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) C[i * N + j] = 0;
    for (long i = 0; i < M; i++)
        for (long k = 0; k < K; k++) {
            const double a = A[i * K + k];
            if (a < 1e-4 && a > -1e-4) continue;
            for (long j = 0; j < N; j++) C[i * N + j] += a * B[k * N + j];
        }
}
