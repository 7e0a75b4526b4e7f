// expect: violation
// reason: runs code when it is loaded
// how: an object with a constructor: its code runs before anybody asks for it (class 60)
// permitted: alloc
static double table[4];
struct Early {
    Early()
    {
        volatile double one = 1;
        table[0] = one;
    }
};
static Early early;
@HEAD
{
@PRODUCT
    C[0] *= table[0];
}
