#include <stdint.h>
void histogram(const int *bins, int n, uint32_t *hist, int nbins)
{
    for (int b = 0; b < nbins; b++) hist[b] = 0;
    for (int i = 0; i < n; i++) hist[bins[i]]++;
}
