// expect: violation
// reason: include
// how: a file of the host is read by the compiler (class 28)
#include "/etc/hostname"
@HEAD
{
@PRODUCT
}
