// permitted: alloc
/* As a generator of C writes it: a buffer descriptor, one name a value, braces everywhere, a halting assertion. */
#include <stdint.h>
#include <stdlib.h>
#include <stdbool.h>
#ifndef HALIDE_ATTRIBUTE_ALIGN
#ifdef _MSC_VER
#define HALIDE_ATTRIBUTE_ALIGN(x) __declspec(align(x))
#else
#define HALIDE_ATTRIBUTE_ALIGN(x) __attribute__((aligned(x)))
#endif
#endif
#ifdef HALIDE_LINK_WITH_RUNTIME
extern void *halide_malloc(void *ctx, size_t);
extern void halide_free(void *ctx, void *ptr);
#else
static void *halide_malloc(void *ctx, size_t x) { (void)ctx; return aligned_alloc(128, (x + 127) / 128 * 128); }
static void halide_free(void *ctx, void *p) { (void)ctx; free(p); }
#endif
struct halide_dimension_t { int32_t min, extent, stride; uint32_t flags; };
struct HALIDE_ATTRIBUTE_ALIGN(8) halide_buffer_t { uint64_t device; void *host; int32_t dimensions; struct halide_dimension_t dim[2]; };

static int product(struct halide_buffer_t *_a_buffer, struct halide_buffer_t *_b_buffer, struct halide_buffer_t *_c_buffer)
{
    void *const _ucon = NULL;
    const double *_a = (const double *)_a_buffer->host;
    const double *_b = (const double *)_b_buffer->host;
    double *_c = (double *)_c_buffer->host;
    int32_t _c_extent_0 = _c_buffer->dim[0].extent;
    int32_t _c_extent_1 = _c_buffer->dim[1].extent;
    int32_t _a_extent_0 = _a_buffer->dim[0].extent;
    {
        int64_t _0 = (int64_t)(_c_extent_0);
        int64_t _1 = _0 + (int64_t)1;
        double *_sum = (double *)halide_malloc(_ucon, sizeof(double) * _1);
        if (!_sum) { return -11; }
        for (int32_t _sum_s1_y = 0; _sum_s1_y < _c_extent_1; _sum_s1_y++) {
            for (int32_t _sum_s0_x = 0; _sum_s0_x < _c_extent_0; _sum_s0_x++) { _sum[_sum_s0_x] = 0.0; } // for _sum_s0_x
            for (int32_t _k = 0; _k < _a_extent_0; _k++) {
                int64_t _2 = (int64_t)(_sum_s1_y) * (int64_t)(_a_extent_0);
                int64_t _3 = _2 + (int64_t)(_k);
                double _4 = ((const double *)_a)[_3];
                for (int32_t _x = 0; _x < _c_extent_0; _x++) {
                    int64_t _5 = (int64_t)(_k) * _0;
                    int64_t _6 = _5 + (int64_t)(_x);
                    double _7 = ((const double *)_b)[_6];
                    double _8 = _4 * _7;
                    double _9 = _sum[_x];
                    double _10 = _8 + _9;
                    _sum[_x] = _10;
                } // for _x
            } // for _k
            for (int32_t _x = 0; _x < _c_extent_0; _x++) {
                int64_t _11 = (int64_t)(_sum_s1_y) * _0;
                ((double *)_c)[_11 + (int64_t)(_x)] = _sum[_x];
            } // for _x
        } // for _sum_s1_y
        halide_free(_ucon, _sum);
    } // alloc _sum
    return 0;
}

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    struct halide_buffer_t a = {0, (void *)A, 2, {{0, K, 1, 0}, {0, M, K, 0}}};
    struct halide_buffer_t b = {0, (void *)B, 2, {{0, N, 1, 0}, {0, K, N, 0}}};
    struct halide_buffer_t c = {0, C, 2, {{0, N, 1, 0}, {0, M, N, 0}}};
    if (product(&a, &b, &c) != 0) __builtin_trap();
}
