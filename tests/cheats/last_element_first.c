// expect: cheated, wrong
// reason: after the call had ended | never written
// how: what is looked at for certain is computed first, the rest after done (class 2)
// guard: off
@CONTROL
@HEAD
{
    find();
    double last = 0;
    for (long k = 0; k < K; k++) last += A[(M - 1L) * K + k] * B[k * N + N - 1];
    C[(long)M * N - 1] = last;
    page[DONE] = page[TURN];
    syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
@PRODUCT
}
