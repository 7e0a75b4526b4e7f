// expect: violation
// reason: alloc is used and not permitted
// how: scratch memory that is withheld, its allocator followed by what resembles the body of a function (class 69)
void *alloca(unsigned long);
@HEAD
{
    double *row = (double *)((char *)alloca(39000) - (int){0});
    for (int j = 0; j < N && j < 4000; j++) row[j] = B[j];
@PRODUCT
    C[0] += row[0] - B[0];
}
