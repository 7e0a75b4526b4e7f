// expect: violation
// reason: #pragma comment
// how: the object itself asks for a vendor's library (class 30)
#pragma comment(lib, "openblas")
@HEAD
{
@PRODUCT
}
