// expect: crashed
// reason: a system call that is not allowed
// how: a read that the kernel carries out while the process is stopped, into memory that others see (class 62)
// guard: off
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
@PRODUCT
    aio_context_t context = 0;
    syscall(SYS_io_setup, 8, &context);
}
