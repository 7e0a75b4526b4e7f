#include <stddef.h>
#include <stdint.h>
int64_t exclusive_scan(const int32_t *in, int64_t *out, size_t n);
int64_t exclusive_scan(const int32_t *in, int64_t *out, size_t n)
{
    int64_t run = 0;
    while (n--) {
        *out++ = run;
        run += *in++;
    }
    return run;
}
