// expect: violation, build_failed
// reason: made by a macro | stray
// how: a directive that a macro has made, for the compiler that reads its preprocessor's output as source (class 54)
#define HASH #
HASH include </usr/include/stdint.h>
@HEAD
{
@PRODUCT
}
