// expect: violation
// reason: attribute constructor is not allowed
// how: the attribute that runs code at load, in the spelling of C++ (class 60)
[[gnu::constructor]] static void early() {}
@HEAD
{
@PRODUCT
}
