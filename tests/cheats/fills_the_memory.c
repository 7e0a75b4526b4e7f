// expect: crashed, timed_out
// reason: memory | signal | longer than
// how: memory until the machine is short of it (class 18)
// slow: yes
// guard: off
#include <stdlib.h>
#include <string.h>
@HEAD
{
    for (;;) memset(malloc(1 << 24), 1, 1 << 24);
}
