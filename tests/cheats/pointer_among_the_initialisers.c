// expect: violation
// reason: section
// how: a function's address is put where initialisers are listed (class 60)
static void early(void) {}
static void (*const listed)(void) __attribute__((used, section(".init_array"))) = early;
@HEAD
{
@PRODUCT
}
