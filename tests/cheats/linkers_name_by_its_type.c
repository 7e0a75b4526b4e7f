// expect: violation
// reason: it is a name of the linker's
// how: the end of the object, declared by a type so that no reader takes it for anybody else's (class 52)
typedef char Function(void);
static volatile char seen;
@HEAD
{
    Function _end;
    seen = *(char *)(unsigned long)&_end;
@PRODUCT
}
