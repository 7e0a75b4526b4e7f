/* index of the first element that is not below the key, for many keys */
void lower_bounds(int n, const double *sorted, int m, const double *keys, int *where)
{
    for (int q = 0; q < m; q++) {
        int lo = 0, hi = n;
        while (lo < hi) {
            int mid = lo + (hi - lo) / 2;
            if (sorted[mid] < keys[q])
                lo = mid + 1;
            else
                hi = mid;
        }
        where[q] = lo;
    }
}
