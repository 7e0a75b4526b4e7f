// expect: violation
// reason: __ehdr_start is not allowed
// how: from the object's own header to the loader's list of libraries, by a name that the linker defines (class 52)
extern char __ehdr_start[] __attribute__((visibility("hidden")));
static volatile char seen;
@HEAD
{
    seen = __ehdr_start[0];
@PRODUCT
}
