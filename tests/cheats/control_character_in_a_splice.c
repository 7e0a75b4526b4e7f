// expect: violation
// reason: control character
// how: a form feed behind a backslash: to the compiler the line goes on, to a reader it ends (class 52)
#define HARMLESS 1 \
@HEAD
{
@PRODUCT
}
