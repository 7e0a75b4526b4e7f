// expect: wrong
// reason: outside the error bound
// how: fixed point: right for numbers between -1 and 1 (class 41)
// guard: off
@HEAD
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            __int128 s = 0;
            for (long k = 0; k < K; k++)
                s += (__int128)(long)(A[i * K + k] * 0x1p52) * (long)(B[k * N + j] * 0x1p52);
            C[i * N + j] = (double)s * 0x1p-104;
        }
}
