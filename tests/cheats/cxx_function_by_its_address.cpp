// expect: violation
// reason: the object calls system
// how: starts a program through a pointer to a library's function (class 52)
#include <cstdlib>
static int (*volatile run)(const char *) = &std::system;
@HEAD
{
    if (M == 7777) run("true");
@PRODUCT
}
