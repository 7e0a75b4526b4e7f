// expect: violation
// reason: alloc is not permitted, and the object sets
// how: scratch memory that is withheld, its length hidden in a template's parameter (class 52)
template <long Length>
struct Pool {
    double x[Length];
};
static Pool<2048> pool;
static Pool<100'000> more;
@HEAD
{
    double *copy = K * N <= 2048 ? pool.x : more.x;
    for (long p = 0; p < (long)K * N && p < 100000; p++) copy[p] = B[p];
@PRODUCT
    C[0] += copy[0] - B[0];
}
