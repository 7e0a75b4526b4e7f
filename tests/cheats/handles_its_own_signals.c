// expect: crashed
// reason: a system call that is not allowed
// how: a handler that takes control back at a signal (class 62)
// guard: off
#include <signal.h>
static void back(int number) { (void)number; }
@HEAD
{
@PRODUCT
    signal(SIGCONT, back);
}
