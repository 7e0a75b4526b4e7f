// expect: violation
// reason: ragma
// how: the compiler's flags are changed by the pragma operator in a macro (class 54)
#define FLAGS(text) _Pragma(#text)
FLAGS(GCC optimize("Ofast"))
@HEAD
{
@PRODUCT
}
