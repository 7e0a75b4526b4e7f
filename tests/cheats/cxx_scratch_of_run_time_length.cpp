// expect: violation
// reason: alloc is used and not permitted: an array has a variable length
// how: scratch memory that is withheld, as an array whose length is known at run time only (class 52)
@HEAD
{
    double row[N];
    for (long j = 0; j < N; j++) row[j] = B[j];
@PRODUCT
    C[0] += row[0] - B[0];
}
