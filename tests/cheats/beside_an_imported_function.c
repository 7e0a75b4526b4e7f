// expect: violation
// reason: beside an imported symbol
// how: a pointer some bytes behind a permitted function of the library, where another one may be (class 52)
#include <string.h>
static void *volatile place = (char *)memcpy + 4096;
@HEAD
{
    if (M < 0) ((void (*)(void))place)();
@PRODUCT
}
