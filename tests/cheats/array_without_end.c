// expect: build_failed
// reason: File size limit exceeded
// how: a constant table that fills the disk with the object
// permitted: alloc
const double table[1 << 28] = {1};
@HEAD
{
@PRODUCT
    C[0] += 0 * table[M];
}
