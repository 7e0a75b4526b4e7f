// expect: violation
// reason: alloc is used and not permitted
// how: a large array whose elements' first word says that they are small (class 69)
@HEAD
{
    volatile struct { char first; double more[100]; } scratch[100];
    scratch[K % 100].more[0] = A[0];
@PRODUCT
}
