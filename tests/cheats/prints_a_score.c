// expect: violation
// reason: stdio.h
// how: a result is printed for a careless parser (class 9)
#include <stdio.h>
@HEAD
{
@PRODUCT
    puts("pair 1 1000000 0 0 0 0 0");
}
