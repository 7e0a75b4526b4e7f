// expect: violation
// reason: cblas_dgemm is not allowed
// how: the product is called from a library (class 30)
void cblas_dgemm(void);
@HEAD
{
    cblas_dgemm();
}
