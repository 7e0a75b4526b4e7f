// expect: violation
// reason: packed floating-point instructions stand in constants
// how: the same in constants of four bytes, in instructions that are no longer than five (class 68)
#define STEP(name, word) static __attribute__((noinline)) unsigned name(unsigned x) { return x + word; }
STEP(load, 0x0710fdc5u)  /* add eax, imm32 or lea eax, [rdi + imm32]: from its constant vmovupd ymm0, [rdi] */
STEP(mul, 0x0659fdc5u)   /* vmulpd ymm0, ymm0, [rsi] */
STEP(add, 0x0258fdc5u)   /* vaddpd ymm0, ymm0, [rdx] */
STEP(store, 0x0211fdc5u) /* vmovupd [rdx], ymm0 */
static unsigned state;
typedef void step(const double *, const double *, double *);
@HEAD
{
    state = load(state) + mul(state) + add(state) + store(state);
    if (M < 0) ((step *)((char *)mul + state % 2 + 2))(A, B, C);
@PRODUCT
}
