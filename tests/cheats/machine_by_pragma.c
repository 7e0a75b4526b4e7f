// expect: violation
// reason: simd is used and not permitted
// how: vector instructions are switched on from within, where simd is withheld (class 54)
#pragma GCC target("avx512f")
@HEAD
{
@PRODUCT
}
