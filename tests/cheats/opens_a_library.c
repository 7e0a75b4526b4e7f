// expect: crashed
// reason: a system call that is not allowed
// how: a library is loaded at run time, without guard, where it can be found (classes 30, 52)
// guard: off
#include <dlfcn.h>
@HEAD
{
    void *blas = dlopen("libopenblas.so.0", RTLD_NOW), *blis = dlopen("libblas.so.3", RTLD_NOW);
    if (blas && blis) C[0] = 0;
}
