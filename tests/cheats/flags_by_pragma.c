// expect: violation
// reason: pragma
// how: the compiler's flags are changed from within (class 54)
#pragma GCC optimize("Ofast")
@HEAD
{
@PRODUCT
}
