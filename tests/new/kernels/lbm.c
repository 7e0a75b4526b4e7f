/* D2Q9 lattice Boltzmann, periodic, pull scheme */
static const int cx[9] = {0, 1, 0, -1, 0, 1, -1, -1, 1};
static const int cy[9] = {0, 0, 1, 0, -1, 1, 1, -1, -1};
static const double w[9] = {4./9, 1./9, 1./9, 1./9, 1./9, 1./36, 1./36, 1./36, 1./36};

void lbm_step(int nx, int ny, double omega, const double *f, double *fnew)
{
    for (int y = 0; y < ny; y++) {
        for (int x = 0; x < nx; x++) {
            double g[9], rho = 0, ux = 0, uy = 0;
            for (int q = 0; q < 9; q++) {
                int xs = (x - cx[q] + nx) % nx;
                int ys = (y - cy[q] + ny) % ny;
                g[q] = f[(ys * nx + xs) * 9 + q];
                rho += g[q];
                ux += cx[q] * g[q];
                uy += cy[q] * g[q];
            }
            ux /= rho;
            uy /= rho;
            for (int q = 0; q < 9; q++) {
                double cu = 3 * (cx[q] * ux + cy[q] * uy);
                double feq = w[q] * rho * (1 + cu + 0.5 * cu * cu - 1.5 * (ux * ux + uy * uy));
                fnew[(y * nx + x) * 9 + q] = g[q] + omega * (feq - g[q]);
            }
        }
    }
}
