// expect: crashed
// reason: a system call that is not allowed
// how: a signal that comes when the process that started it ends (classes 59, 62)
// guard: off
#include <signal.h>
#include <sys/prctl.h>
@HEAD
{
@PRODUCT
    prctl(PR_SET_PDEATHSIG, SIGCONT);
}
