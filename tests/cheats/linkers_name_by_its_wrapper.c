// expect: violation
// reason: __real___ehdr_start is not allowed
// how: the object's own header by the name under which the linker keeps what is hidden from candidates (class 63)
extern const unsigned char __real___ehdr_start[] __attribute__((visibility("hidden")));
@HEAD
{
@PRODUCT
    C[0] += __real___ehdr_start[0] - 0x7f;
}
