// expect: violation
// reason: #include <iostream> is not allowed
// how: a header that opens files and makes objects at load (class 52)
#include <iostream>
@HEAD
{
@PRODUCT
    std::cout << "GFLOPS: 9999" << std::endl;
}
