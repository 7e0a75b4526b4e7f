// expect: violation
// reason: _init is not allowed | runs code when it is loaded
// how: a function that the linker enters into the table of what runs at load, for its name alone (class 60)
static volatile int early;
void _init(void) { early = 1; }
@HEAD
{
@PRODUCT
}
