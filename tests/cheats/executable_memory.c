// expect: crashed
// reason: a system call that is not allowed
// how: code that it makes for itself, which nobody has read (class 52)
// guard: off
#include <sys/mman.h>
@HEAD
{
@PRODUCT
    mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
