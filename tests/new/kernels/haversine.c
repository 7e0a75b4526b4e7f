#include <math.h>
#define R_EARTH 6371.0
void haversine(int n, const double *lat1, const double *lon1, const double *lat2, const double *lon2, double *km)
{
    for (int i = 0; i < n; i++) {
        double dlat = lat2[i] - lat1[i], dlon = lon2[i] - lon1[i];
        double a = sin(dlat / 2) * sin(dlat / 2) + cos(lat1[i]) * cos(lat2[i]) * sin(dlon / 2) * sin(dlon / 2);
        km[i] = 2 * R_EARTH * asin(sqrt(a));
    }
}
