// expect: crashed
// reason: a system call that is not allowed
// how: a name under which it is overlooked (class 62)
// guard: off
#include <sys/prctl.h>
@HEAD
{
@PRODUCT
    prctl(PR_SET_NAME, "clock");
}
