// expect: crashed
// reason: a system call that is not allowed
// how: a process whose memory others may look into (class 62)
// guard: off
#include <sys/prctl.h>
@HEAD
{
@PRODUCT
    prctl(PR_SET_DUMPABLE, 1);
}
