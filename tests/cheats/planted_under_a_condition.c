// expect: build_failed
// reason: planted
// how: the same, with the #include under a condition of its own, so that it can't be moved blindly (class 67)
#define PASTE(a, b) a##b
#define WANTED 1
#define rpmatch unused1(void); \
    PASTE(__attri, bute__)((PASTE(const, ructor))) static void planted(void) { } \
    extern int unused2
#if WANTED
#include <stdlib.h>
#endif
@HEAD
{
    planted();
@PRODUCT
}
