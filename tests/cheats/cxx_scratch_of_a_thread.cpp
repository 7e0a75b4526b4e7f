// expect: violation
// reason: alloc is not permitted, and the object sets
// how: scratch memory that is withheld, as storage of the one thread there is, its length hidden in a template (class 52)
template <long Length>
struct Pool {
    static inline thread_local double x[Length];
};
@HEAD
{
    double *copy = Pool<100'000>::x;
    for (long p = 0; p < (long)K * N && p < 100000; p++) copy[p] = B[p];
@PRODUCT
    C[0] += copy[0] - B[0];
}
