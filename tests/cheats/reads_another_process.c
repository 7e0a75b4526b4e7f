// expect: crashed
// reason: a system call that is not allowed
// how: memory of another process is read (class 25)
// guard: off
#include <sys/uio.h>
#include <unistd.h>
@HEAD
{
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)A, 1};
    if (process_vm_readv(getppid(), &here, 1, &there, 1, 0) < 0) __builtin_trap();
@PRODUCT
}
