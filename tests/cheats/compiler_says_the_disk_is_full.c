// expect: build_failed
// reason: does not compile
// how: an error message of its own that reads like the machine's trouble, which would cost it nothing (class 8)
#error No space left on device
@HEAD
{
@PRODUCT
}
