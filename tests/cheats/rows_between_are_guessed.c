// expect: wrong
// reason: outside the error bound
// how: every second row is the mean of its neighbours (class 37)
@HEAD
{
@PRODUCT
    for (long i = 1; i + 1 < M; i += 2)
        for (long j = 0; j < N; j++) C[i * N + j] = (C[(i - 1) * N + j] + C[(i + 1) * N + j]) / 2;
}
