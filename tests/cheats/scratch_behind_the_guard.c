// expect: wrong
// reason: next to the output
// how: scratch memory that is withheld, in what lies behind the guard, put back as it was found (class 69)
@HEAD
{
    double *behind = C + (long)M * N + 1024, was[16];
    for (int i = 0; i < 16; i++) was[i] = behind[i], behind[i] = A[0];
@PRODUCT
    for (int i = 0; i < 16; i++) behind[i] = was[i] == behind[i] ? 0 : C[0];
}
