// permitted: alloc threads simd
/* As a compiler of tensors writes it: packed arguments, workspaces, a lambda of the parallel runtime, restrict everywhere. */
#define TVM_EXPORTS
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef TVM_USE_RUNTIME
#include "tvm/runtime/c_runtime_api.h"
#include "tvm/runtime/c_backend_api.h"
#endif
typedef struct { void *data; int32_t ndim; int64_t *shape; } DLTensor;
typedef int (*FTVMParallelLambda)(int task_id, int num_task, void *cdata);
static void *TVMBackendAllocWorkspace(int device_type, int device_id, uint64_t nbytes) { (void)device_type; (void)device_id; return malloc(nbytes); }
static int TVMBackendFreeWorkspace(void *ptr) { free(ptr); return 0; }
static int TVMBackendParallelLaunch(FTVMParallelLambda flambda, void *cdata, int num_task)
{
    int failed = 0;
#pragma omp parallel for reduction(| : failed)
    for (int task_id = 0; task_id < num_task; ++task_id) failed |= flambda(task_id, num_task, cdata);
    return failed;
}
typedef struct { double *restrict matmul; const double *restrict p0, *restrict p1; int32_t m, n, k; } closure;

static int matmul_compute_(int task_id, int num_task, void *cdata)
{
    const closure *const self = (const closure *)cdata;
    const int32_t per = (self->m + num_task - 1) / num_task;
    double *restrict row = TVMBackendAllocWorkspace(1, 0, sizeof(double) * (uint64_t)(self->n + 1));
    if (row == NULL) return -1;
    for (int32_t ax0 = task_id * per; ax0 < self->m && ax0 < (task_id + 1) * per; ++ax0) {
        for (int32_t ax1_init = 0; ax1_init < self->n; ++ax1_init) row[ax1_init] = 0.000000e+00;
        for (int32_t k = 0; k < self->k; ++k)
            for (int32_t ax1 = 0; ax1 < self->n; ++ax1)
                row[ax1] = (row[ax1] + (((const double *)self->p0)[(((int64_t)ax0 * self->k) + k)] * ((const double *)self->p1)[(((int64_t)k * self->n) + ax1)]));
        for (int32_t ax1 = 0; ax1 < self->n; ++ax1) self->matmul[(((int64_t)ax0 * self->n) + ax1)] = row[ax1];
    }
    if (TVMBackendFreeWorkspace(row) != 0) return -1;
    return 0;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    closure c = {.matmul = C, .p0 = A, .p1 = B, .m = M, .n = N, .k = K};
    if (TVMBackendParallelLaunch(matmul_compute_, &c, 4)) __builtin_trap();
}
