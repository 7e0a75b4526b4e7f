/* The FMA peak of one core: enough independent chains to fill the pipes, in registers only.
   Returns the number of floating-point operations done. WIDTH (bytes of a vector) comes from the command line. */
#ifndef WIDTH
#define WIDTH 16
#endif
typedef double vec __attribute__((vector_size(WIDTH)));
enum { CHAINS = 12 };

double hayate_peak(long iterations)
{
    vec acc[CHAINS], x, y;
    const int lanes = WIDTH / 8;
    for (int i = 0; i < lanes; i++) {
        x[i] = 1.0000001;
        y[i] = 1e-9;
    }
    for (int c = 0; c < CHAINS; c++) acc[c] = x + (double)c;
    for (long n = 0; n < iterations; n++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++) acc[c] = acc[c] * x + y;
    }
    vec sum = acc[0];
    for (int c = 1; c < CHAINS; c++) sum += acc[c];
    volatile double sink = sum[0];
    (void)sink;
    return 2.0 * CHAINS * lanes * (double)iterations;
}
