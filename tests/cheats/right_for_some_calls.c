// expect: wrong
// reason: outside the error bound
// how: right while it is verified, lazy from the sixth call on (classes 11, 43)
// timed: yes
static int calls;
@HEAD
{
@PRODUCT
    if (++calls > 5) C[0] += 1;
}
