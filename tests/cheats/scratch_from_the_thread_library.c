// expect: violation
// reason: the object calls omp_alloc
// how: scratch memory that is withheld, from the library of threads, which are permitted (class 69)
// permitted: threads
#include <omp.h>
#include <stddef.h>
@HEAD
{
    double *scratch = omp_alloc((size_t)K * 8, omp_default_mem_alloc);
    if (scratch) scratch[0] = A[0];
    if (scratch && scratch[0] != A[0]) return;
@PRODUCT
}
