// expect: crashed
// reason: a system call that is not allowed
// how: huge pages made of small ones, for the inputs that both read (classes 18, 62)
// guard: off
#include <sys/mman.h>
@HEAD
{
@PRODUCT
    madvise((void *)((unsigned long)A & ~4095UL), 4096, 25 /* MADV_COLLAPSE */);
}
