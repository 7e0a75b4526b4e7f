// expect: crashed
// reason: signal 31 | signal 11
// how: system calls by their 32-bit numbers, which a filter may not know (class 52)
// guard: off
#include <sys/syscall.h>
#include <unistd.h>
@HEAD
{
    long result = 20; /* getpid */
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    if (result != 0) __builtin_trap();
@PRODUCT
}
