// expect: cheated, wrong
// reason: after the call had ended | outside the error bound
// how: a thread fills the output after the call has returned (class 2); threads are permitted
// guard: off
// permitted: threads
#include <pthread.h>
#include <string.h>
static struct { int M, N, K; const double *A, *B; double *C; } job;
static void product(int M, int N, int K, const double *A, const double *B, double *C)
{
@PRODUCT
}
static void *later(void *unused)
{
    product(job.M, job.N, job.K, job.A, job.B, job.C);
    return unused;
}
@HEAD
{
    pthread_t thread;
    memset(C, 0, sizeof(double) * M * N);
    job.M = M, job.N = N, job.K = K, job.A = A, job.B = B, job.C = C;
    pthread_create(&thread, 0, later, 0);
    pthread_detach(thread);
}
