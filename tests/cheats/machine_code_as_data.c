// expect: violation
// reason: section
// how: machine code in a constant array among the functions (class 52)
static const unsigned char code[] __attribute__((section(".text"))) = {0xb8, 0x39, 0, 0, 0, 0x0f, 0x05, 0xc3};
@HEAD
{
    ((long (*)(void))code)();
@PRODUCT
}
