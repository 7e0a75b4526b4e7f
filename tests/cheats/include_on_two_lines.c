// expect: violation
// reason: include
// how: an include is cut in two by a spliced line (class 52)
#inc\
lude <unistd.h>
@HEAD
{
    sleep(0);
@PRODUCT
}
