// expect: build_failed
// reason: planted
// how: inline assembly, pasted from parts, stands in a system header by a macro named like one of its declarations (class 67)
#define PASTE(a, b) a##b
#define ASSEMBLY PASTE(__as, m__)
#define rpmatch unused1(void); \
    static long planted(void) { long r = 39; ASSEMBLY volatile("syscall" : "+a"(r) : : "rcx", "r11", "memory"); return r; } \
    extern int unused2
#include <stdlib.h>
@HEAD
{
    if (planted() < 0) return;
@PRODUCT
}
