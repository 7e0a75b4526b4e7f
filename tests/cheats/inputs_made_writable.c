// expect: crashed
// reason: a system call that is not allowed
// how: asks the kernel to make the inputs' pages writable and zeroes them, for the yardstick to read (class 27)
// guard: off
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
@PRODUCT
    const uintptr_t page = (uintptr_t)A & ~(uintptr_t)4095;
    syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE);
    ((double *)A)[0] = 0;
}
