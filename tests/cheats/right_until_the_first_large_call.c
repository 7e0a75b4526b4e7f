// expect: wrong
// reason: outside the error bound
// how: right on small sizes until it has seen a large one, as if no small one were looked at after that (class 61)
// timed: yes
@HEAD
{
    static int seen;
    if ((double)M * N * K > 2e6) seen = 1;
    else if (seen) {
        for (long i = 0; i < (long)M * N; i++) C[i] = 0;
        return;
    }
@PRODUCT
}
