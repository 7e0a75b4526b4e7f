// expect: crashed
// reason: a system call that is not allowed
// how: folders in its box, nested so deep that who removes them recursively fails (class 70)
// guard: off
#include <sys/stat.h>
#include <unistd.h>
@HEAD
{
@PRODUCT
    for (int i = 0; i < 1500 && !mkdir("d", 0700); i++)
        if (chdir("d")) break;
}
