// expect: crashed
// reason: a system call that is not allowed
// how: the system call function of the C library, found by its distance from one that is permitted (class 63)
// guard: off
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
@HEAD
{
@PRODUCT
    /* mov %rdi,%rax; mov %rsi,%rdi: how `syscall` begins on x86-64. */
    static const unsigned char start[] = {0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6};
    const char *text = (const char *)((unsigned long)&qsort & ~4095UL);
    for (long d = 0; d < 4000000; d++)
        if (!memcmp(text + d, start, sizeof start)) {
            ((long (*)(long, ...))(text + d))(SYS_timerfd_create, 1, 0);
            break;
        }
}
