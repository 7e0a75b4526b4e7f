// expect: wrong
// reason: outside the error bound
// how: zeros, in the hope of an absolute tolerance (class 34)
#include <string.h>
@HEAD
{
    memset(C, 0, sizeof(double) * M * N);
}
