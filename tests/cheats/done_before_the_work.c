// expect: cheated, wrong
// reason: after the call had ended | never written
// how: the clock is told that the call is over, then the work is done (class 2)
// guard: off
@CONTROL
@HEAD
{
    find();
    page[DONE] = page[TURN];
    syscall(SYS_futex, page + DONE, 1, 1, 0, 0, 0);
@PRODUCT
}
