#include <math.h>
static double cnd(double x) { return 0.5 * erfc(-x / sqrt(2.0)); }
void black_scholes(int n, const double *S, const double *K, const double *T, double r, double sigma,
                   double *call, double *put)
{
    for (int i = 0; i < n; i++) {
        double sq = sigma * sqrt(T[i]);
        double d1 = (log(S[i] / K[i]) + (r + 0.5 * sigma * sigma) * T[i]) / sq;
        double d2 = d1 - sq;
        double disc = K[i] * exp(-r * T[i]);
        call[i] = S[i] * cnd(d1) - disc * cnd(d2);
        put[i] = disc * cnd(-d2) - S[i] * cnd(-d1);
    }
}
