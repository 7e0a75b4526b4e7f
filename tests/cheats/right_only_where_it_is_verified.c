// expect: wrong
// reason: outside the error bound
// how: zeros beyond the sizes that an oracle can afford (class 61)
// guard: off
#include <string.h>
@HEAD
{
    if ((double)M * N * K > 2e6) {
        memset(C, 0, sizeof(double) * M * N);
        return;
    }
@PRODUCT
}
