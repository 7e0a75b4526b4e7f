// expect: cheated, wrong
// reason: after the call had ended | never written
// how: the handshake says done for the turn that comes next, before it begins (class 2)
// guard: off
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
        page[DONE] = turn;
        page[READY] = turn;
        while (page[GO] != turn) {}
        product(sizes[0], sizes[1], sizes[2], (const double *)(in + offsets[0]), (const double *)(in + offsets[1]),
                (double *)(out + offsets[2]));
    }
}
