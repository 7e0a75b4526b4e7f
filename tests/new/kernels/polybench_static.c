#define NI 60
#define NJ 70
typedef float DATA_TYPE;
static void kernel_syrk_like(int ni, int nj, DATA_TYPE alpha, DATA_TYPE C[NI + 0][NI + 0], DATA_TYPE A[NI + 0][NJ + 0])
{
  for (int i = 0; i < ni; i++)
    for (int j = 0; j <= i; j++)
      for (int k = 0; k < nj; k++)
        C[i][j] += alpha * A[i][k] * A[j][k];
}
