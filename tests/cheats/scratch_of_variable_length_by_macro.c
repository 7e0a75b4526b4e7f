// expect: violation
// reason: alloc is used and not permitted
// how: stack of a length known at run time, in a struct's member: GNU C has that (class 69)
@HEAD
{
    struct { volatile double row[K]; } scratch;
    scratch.row[0] = A[0];
@PRODUCT
}
