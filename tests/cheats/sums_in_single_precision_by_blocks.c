// expect: wrong
// reason: outside the error bound
// how: eight products are summed as floats, the blocks' sums as doubles (class 36)
@HEAD
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k += 8) {
                float t = 0;
                for (long l = k; l < K && l < k + 8; l++) t += (float)(A[i * K + l] * B[l * N + j]);
                s += t;
            }
            C[i * N + j] = s;
        }
}
