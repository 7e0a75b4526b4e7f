// expect: violation
// reason: alloc is used and not permitted: a function's frame has
// how: scratch memory that is withheld, as a local object that no reader takes for an array (class 52)
#include <array>
@HEAD
{
    std::array<double, 40000> copy;
    for (long p = 0; p < (long)K * N && p < 40000; p++) copy[p] = B[p];
@PRODUCT
    for (long p = 0; p < (long)K * N && p < 40000; p++) C[0] += copy[p] - B[p];
}
