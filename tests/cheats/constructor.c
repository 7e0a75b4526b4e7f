// expect: violation
// reason: attribute constructor
// how: work at load time, before any clock runs (class 60)
static double x;
__attribute__((constructor)) static void early(void) { x = 1; }
@HEAD
{
@PRODUCT
    C[0] += x;
}
