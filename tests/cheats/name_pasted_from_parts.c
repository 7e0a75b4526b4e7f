// expect: violation
// reason: system
// how: a forbidden name is put together by the preprocessor (class 52)
#define JOIN(a, b) a##b
int JOIN(sys, tem)(const char *);
@HEAD
{
    JOIN(sys, tem)("true");
@PRODUCT
}
