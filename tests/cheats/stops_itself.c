// expect: timed_out, crashed
// reason: longer than | signal
// how: it stops itself, in the hope that the clock stands still with it (class 59)
// slow: yes
// guard: off
#include <signal.h>
@HEAD
{
    raise(SIGSTOP);
@PRODUCT
}
