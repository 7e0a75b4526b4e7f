// expect: violation
// reason: after preprocessing: line 5: #pragma GCC optimize is not allowed
// how: flags that stand under a condition, which only the compiler knows to hold (class 54)
#ifdef __GNUC__
#pragma GCC optimize("Ofast")
#endif
@HEAD
{
@PRODUCT
}
