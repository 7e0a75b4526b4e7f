// expect: wrong
// reason: never written | outside the error bound
// how: what stands beside the output is spread over it, so that it looks untouched or touched alike (class 37)
// guard: off
#include <string.h>
@HEAD
{
    for (long i = 0; i < (long)M * N; i++) memcpy(C + i, (const char *)C - 8, 8);
}
