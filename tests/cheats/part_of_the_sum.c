// expect: wrong
// reason: outside the error bound
// how: large sums are cut short where they are thought not to be checked (classes 10, 12, 40)
// timed: yes
@HEAD
{
    for (long i = 0; i < M; i++) {
        for (long j = 0; j < N; j++) C[i * N + j] = 0;
        for (long k = 0; k < (M > 200 && N > 200 ? K / 2 : K); k++)
            for (long j = 0; j < N; j++) C[i * N + j] += A[i * K + k] * B[k * N + j];
    }
}
