// expect: violation
// reason: #line is not allowed
// how: what follows is said to be a system header, whose lines nobody would inspect or warn of (class 67)
#line 1 "/usr/include/stdlib.h"
static long ask(long r) { __asm__ volatile("syscall" : "+a"(r) : : "rcx", "r11", "memory"); return r; }
@HEAD
{
    if (ask(39) < 0) return;
@PRODUCT
}
