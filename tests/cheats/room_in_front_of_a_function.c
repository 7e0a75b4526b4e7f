// expect: violation
// reason: the attribute patchable_function_entry is not allowed
// how: an attribute that no list of forbidden ones had, its name pasted together (class 52)
#define PASTE(a, b) a##b
static __attribute__((PASTE(u, sed), PASTE(patchable_function, _entry)(90))) void room(void) { }
@HEAD
{
@PRODUCT
}
