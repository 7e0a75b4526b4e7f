typedef struct { double epsilon, sigma, cutoff; } lj_params;

double lj_energy(int n, const double (*pos)[3], double (*force)[3], const lj_params p)
{
    double e = 0, rc2 = p.cutoff * p.cutoff, s2 = p.sigma * p.sigma;
    for (int i = 0; i < n; i++)
        for (int d = 0; d < 3; d++) force[i][d] = 0;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            double dr[3], r2 = 1e-2;
            for (int d = 0; d < 3; d++) { dr[d] = pos[i][d] - pos[j][d]; r2 += dr[d] * dr[d]; }
            if (r2 > rc2) continue;
            double s = s2 / r2, s6 = s * s * s;
            double f = 24 * p.epsilon * (2 * s6 * s6 - s6) / r2;
            e += 4 * p.epsilon * (s6 * s6 - s6);
            for (int d = 0; d < 3; d++) { force[i][d] += f * dr[d]; force[j][d] -= f * dr[d]; }
        }
    return e;
}
