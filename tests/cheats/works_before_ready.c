// expect: cheated
// reason: before the clock started
// how: it runs the protocol itself and works between wake-up and ready, before it knows the sizes (classes 1, 12)
// guard: off
// timed: yes
@CONTROL
static void product(int M, int N, int K, const double *A, const double *B, double *C)
{
@PRODUCT
}
@HEAD
{
    product(M, N, K, A, B, C);
    find();
    const int64_t *sizes = (const int64_t *)(page + 82);
    const uint64_t *offsets = (const uint64_t *)(page + 210);
    const char *in = (const char *)A - offsets[0];
    char *out = (char *)C - offsets[2];
    for (uint32_t turn = page[TURN];;) {
        page[DONE] = turn;
        syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
        while (page[TURN] == turn) syscall(SYS_futex, page + TURN, 0, turn, 0, 0, 0);
        turn++;
        for (volatile long i = 0; i < 10000000; i++) {} /* stands for the work */
        page[READY] = turn;
        while (page[GO] != turn) {}
        product(sizes[0], sizes[1], sizes[2], (const double *)(in + offsets[0]), (const double *)(in + offsets[1]),
                (double *)(out + offsets[2]));
    }
}
