// expect: build_failed
// reason: planted
// how: the same in a header of C++: a macro is named like one of its templates (class 67)
#define PASTE(a, b) a##b
#define minmax_element unused1() {} inline long planted() { PASTE(as, m) volatile("syscall"); return 0; } template <class T> void unused2
#include <algorithm>
@HEAD
{
    if (planted()) return;
@PRODUCT
}
