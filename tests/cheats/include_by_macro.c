// expect: violation
// reason: include
// how: an include whose file name is a macro (class 52)
#define FILE_NAME <unistd.h>
#include FILE_NAME
@HEAD
{
    sleep(0);
@PRODUCT
}
