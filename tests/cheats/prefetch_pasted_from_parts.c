// expect: violation
// reason: prefetch is used and not permitted
// how: the name of a withheld builtin is put together by the preprocessor (class 52)
#define PASTE(a, b) a##b
@HEAD
{
    PASTE(__builtin_pre, fetch)(A);
@PRODUCT
}
