// expect: violation
// reason: the character
// how: inline assembly behind white space that one compiler knows and a reader takes for part of a name (class 52)
@HEAD
{
    asm volatile ("nop");
@PRODUCT
}
