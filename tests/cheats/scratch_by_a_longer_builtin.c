// expect: violation
// reason: alloc is used and not permitted
// how: scratch memory that is withheld, by the longest name that the compiler has for it (class 69)
@HEAD
{
    double *row = __builtin_alloca_with_align_and_max(38000, 64, 38000);
    double *other = __builtin_alloca_with_align_and_max(38000, 64, 38000);
    for (int j = 0; j < N && j < 4000; j++) row[j] = other[j] = B[j];
@PRODUCT
    C[0] += row[0] - other[0];
}
