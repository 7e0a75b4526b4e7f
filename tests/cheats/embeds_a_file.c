// expect: violation
// reason: embed
// how: a file of the host becomes an array (class 28)
static const unsigned char secret[] = {
#embed "/etc/hostname"
};
@HEAD
{
@PRODUCT
    C[0] += 0 * secret[0];
}
