// expect: wrong
// reason: outside the error bound
// how: products are single, only their sum is double (class 36)
@HEAD
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k++) s += (float)A[i * K + k] * (float)B[k * N + j];
            C[i * N + j] = s;
        }
}
