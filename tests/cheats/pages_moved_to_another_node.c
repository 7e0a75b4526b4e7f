// expect: crashed
// reason: a system call that is not allowed
// how: pages are moved under the yardstick's feet (class 18)
// guard: off
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    void *page = (void *)((unsigned long)A & ~4095UL);
    int node = 0, status = 0;
    if (syscall(SYS_move_pages, 0, 1, &page, &node, &status, 0) < 0) __builtin_trap();
@PRODUCT
}
