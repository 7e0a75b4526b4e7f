// expect: violation
// reason: attribute
// how: a resolver runs while the object is loaded (class 60)
static double one(void) { return 1; }
static double (*resolve(void))(void) { return one; }
double number(void) __attribute__((ifunc("resolve")));
@HEAD
{
@PRODUCT
    C[0] += 0 * number();
}
