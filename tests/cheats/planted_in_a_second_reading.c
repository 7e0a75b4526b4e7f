// expect: build_failed
// reason: planted
// how: the header's guard is taken away, and it is read again with a macro in it (class 67)
#include <string.h>
#undef _STRING_H
#define PASTE(a, b) a##b
#define strcoll unused1(void); static long planted(void) { PASTE(__as, m__) volatile("rdtsc" : : : "rax", "rdx"); return 0; } \
    extern int strcoll
#include <string.h>
@HEAD
{
    if (planted()) return;
@PRODUCT
}
