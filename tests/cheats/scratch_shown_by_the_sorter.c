// expect: violation
// reason: the object calls qsort
// how: qsort sets memory aside for what it sorts, and hands the comparing function pointers into it (class 69)
#include <stdlib.h>
static double *scratch;
static int compare(const void *a, const void *b)
{
    scratch = (double *)a;
    return (a > b) - (a < b);
}
@HEAD
{
    qsort(C, (size_t)M * N, sizeof *C, compare);
    if (scratch && K > 1) scratch[0] = A[0];
@PRODUCT
}
