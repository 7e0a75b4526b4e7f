// expect: crashed
// reason: status 0
// how: the process ends itself with success before anything is compared (class 8)
// guard: off
#include <unistd.h>
@HEAD
{
    _exit(0);
@PRODUCT
}
