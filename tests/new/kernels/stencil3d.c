#define IDX(i, j, k) (((i) * (ny + 2) + (j)) * (nz + 2) + (k))
void heat3d(int nx, int ny, int nz, double c, const double *u, double *v)
{
    for (int i = 1; i <= nx; i++)
        for (int j = 1; j <= ny; j++)
            for (int k = 1; k <= nz; k++)
                v[IDX(i, j, k)] = u[IDX(i, j, k)] +
                    c * (u[IDX(i - 1, j, k)] + u[IDX(i + 1, j, k)] + u[IDX(i, j - 1, k)] +
                         u[IDX(i, j + 1, k)] + u[IDX(i, j, k - 1)] + u[IDX(i, j, k + 1)] -
                         6.0 * u[IDX(i, j, k)]);
}
