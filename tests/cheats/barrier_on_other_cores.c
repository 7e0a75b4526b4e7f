// expect: crashed
// reason: a system call that is not allowed
// how: an interruption of every other core (classes 18, 62)
// guard: off
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
@PRODUCT
    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
