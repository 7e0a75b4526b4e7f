// expect: wrong
// reason: outside the error bound
// how: each input is cut into two floats: 48 bits of 53, which a loose bound would let pass (class 36)
@HEAD
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k++) {
                const float a = A[i * K + k], b = B[k * N + j];
                const float c = A[i * K + k] - a, d = B[k * N + j] - b;
                s += (double)a * b + (double)(a * d + c * b);
            }
            C[i * N + j] = s;
        }
}
