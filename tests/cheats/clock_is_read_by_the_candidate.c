// expect: violation
// reason: time.h
// how: time functions could tell it which call is timed (class 12)
#include <time.h>
@HEAD
{
    if (clock() & 1) return;
@PRODUCT
}
