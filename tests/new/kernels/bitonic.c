void bitonic_sort(float *a, int n)
{
    for (int k = 2; k <= n; k *= 2)
        for (int j = k / 2; j > 0; j /= 2)
            for (int i = 0; i < n; i++) {
                int l = i ^ j;
                if (l > i) {
                    int up = (i & k) == 0;
                    if ((up && a[i] > a[l]) || (!up && a[i] < a[l])) {
                        float t = a[i];
                        a[i] = a[l];
                        a[l] = t;
                    }
                }
            }
}
