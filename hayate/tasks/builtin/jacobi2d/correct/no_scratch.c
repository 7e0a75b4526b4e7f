// permitted: none
/* No memory of its own but a few cells: each point is computed from the light cone of u0 beneath it, strip by strip. */
enum { CELLS = 1920 };

void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)
{
    double cells[CELLS];
    int width = CELLS / (3 * (sweeps + 1)), step = width - 2 * sweeps;
    for (int first = 0; first < W; first += step) {
        int lo = first - sweeps > 0 ? first - sweeps : 0;
        int hi = first + step + sweeps < W ? first + step + sweeps : W;
        for (int head = 0; head < H + sweeps; head++)
            for (int s = 0; s <= sweeps; s++) {
                int i = head - s;
                if (i < 0 || i >= H)
                    continue;
                double *o = cells + (3 * s + i % 3) * width;
                const double *n = cells + (3 * (s - 1) + (i + 2) % 3) * width;
                const double *c = cells + (3 * (s - 1) + i % 3) * width;
                const double *b = cells + (3 * (s - 1) + (i + 1) % 3) * width;
                for (int j = 0; j < hi - lo; j++) {
                    int inner = i > 0 && i < H - 1 && j > 0 && j < hi - lo - 1;
                    if (s == 0)
                        o[j] = u0[(long)i * W + lo + j];
                    else if (inner)
                        o[j] = 0.5 * c[j] + 0.125 * (n[j] + b[j] + c[j - 1] + c[j + 1]);
                    else
                        o[j] = c[j];
                    if (s == sweeps && lo + j >= first && lo + j < first + step)
                        u[(long)i * W + lo + j] = o[j];
                }
            }
    }
}
