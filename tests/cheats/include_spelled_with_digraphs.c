// expect: violation
// reason: include
// how: an include is spelled so that a search misses it (class 52)
%:include <unistd.h>
@HEAD
{
    sleep(0);
@PRODUCT
}
