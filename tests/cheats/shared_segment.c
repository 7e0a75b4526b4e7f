// expect: crashed
// reason: a system call that is not allowed
// how: memory that outlives the process (class 21)
// guard: off
#include <sys/ipc.h>
#include <sys/shm.h>
@HEAD
{
    if (shmget(1234, 4096, IPC_CREAT | 0600) < 0) __builtin_trap();
@PRODUCT
}
