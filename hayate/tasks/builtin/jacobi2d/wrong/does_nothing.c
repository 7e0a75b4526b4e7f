// expect: wrong
// why: returns without a word
void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
}
