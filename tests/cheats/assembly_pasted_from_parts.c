// expect: violation
// reason: inline assembly is not allowed
// how: a system call by inline assembly, with the keyword put together from parts (class 52)
#define JOIN(a, b) a##b
@HEAD
{
    long result = 57;
    JOIN(__as, m__) volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
@PRODUCT
}
