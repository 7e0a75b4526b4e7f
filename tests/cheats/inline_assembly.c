// expect: violation
// reason: inline assembly is not allowed
// how: a system call by inline assembly (class 52)
@HEAD
{
    long result = 57;
    __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
@PRODUCT
}
