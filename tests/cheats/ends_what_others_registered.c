// expect: violation
// reason: __cxa_finalize
// how: runs what the process has registered for its end, in the middle of a call (class 18)
void __cxa_finalize(void *);
@HEAD
{
    if (M < 0) __cxa_finalize(0);
@PRODUCT
}
