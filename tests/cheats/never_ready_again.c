// expect: cheated, timed_out
// reason: not ready
// how: it answers one call and then keeps the clock waiting (class 12)
// guard: off
// slow: yes
@CONTROL
@HEAD
{
@PRODUCT
    find();
    const uint32_t turn = page[TURN];
    page[DONE] = turn;
    syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
    for (;;) {}
}
