"""Tasks of every kind of argument: what task.toml says and the files beside it."""

from __future__ import annotations

from typing import Any


def size(name: str, dtype: str = "int", **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "size", "dtype": dtype, **more}


def scalar(name: str, dtype: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "scalar", "dtype": dtype, **more}


def array(name: str, kind: str, dtype: str, *shape: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "dtype": dtype, "shape": list(shape), **more}


Folder = tuple[dict[str, Any], dict[str, str]]

AXPBY: Folder = (
    {
        "entry": "axpby",
        "declaration": "void axpby(int n, float a, const float *x, float b, float *restrict y)",
        "argument": [
            size("n"),
            scalar("a", "float"),
            array("x", "input", "float", "n"),
            scalar("b", "float"),
            array("y", "inout", "float", "n"),
        ],
        "domain": {"n": [1, 3000]},
        "correct": "analytic",
        "bound": {"terms": "3", "integer_bits": "20"},
    },
    {
        "reference.c": "void axpby(int n, float a, const float *x, float b, float *restrict y)\n"
        "{ for (int i = 0; i < n; i++) y[i] = a * x[i] + b * y[i]; }\n",
        "oracle.c": """#include <math.h>
void axpby_exact(int n, float a, const float *x, float b, const float *y, double *exact, double *scale)
{
    for (int i = 0; i < n; i++) {
        exact[i] = (double)a * x[i] + (double)b * y[i];
        scale[i] = fabs((double)a * x[i]) + fabs((double)b * y[i]);
    }
}
void axpby_scale(int n, float a, const float *x, float b, const float *y, double *scale)
{
    for (int i = 0; i < n; i++) scale[i] = fabs((double)a * x[i]) + fabs((double)b * y[i]);
}
""",
    },
)

HISTOGRAM: Folder = (
    {
        "entry": "histogram",
        "declaration": "void histogram(size_t n, const int32_t *keys, int bins, int32_t *counts)",
        "preamble": "#include <stddef.h>\n#include <stdint.h>\n",
        "argument": [
            size("n", "size_t"),
            array("keys", "input", "int32", "n", values={"kind": "index", "high": "bins"}),
            size("bins"),
            array("counts", "output", "int32", "bins"),
        ],
        "domain": {"n": [0, 5000], "bins": [1, 300]},
    },
    {
        "reference.c": "void histogram(size_t n, const int32_t *keys, int bins, int32_t *counts)\n"
        "{ for (int b = 0; b < bins; b++) counts[b] = 0;\n"
        "  for (size_t i = 0; i < n; i++) counts[keys[i]]++; }\n",
    },
)

CSR: Folder = (
    {
        "entry": "spmv",
        "declaration": "void spmv(int rows, int columns, const int *start, const int *column, const double *value, "
        "const double *x, double *y)",
        "argument": [
            size("rows"),
            size("columns"),
            array("start", "input", "int", "rows + 1", values={"kind": "offsets", "high": "nonzeros"}),
            array(
                "column",
                "input",
                "int",
                "nonzeros",
                values={"kind": "columns", "of": "start", "high": "columns"},
            ),
            array("value", "input", "double", "nonzeros"),
            array("x", "input", "double", "columns"),
            array("y", "output", "double", "rows"),
        ],
        "domain": {"rows": [1, 400], "columns": [1, 400], "nonzeros": [0, 3000]},
        "correct": "analytic",
        "bound": {"terms": "nonzeros + 1", "integer_bits": "20"},
    },
    {
        "reference.c": """void spmv(int rows, int columns, const int *start, const int *column, const double *value,
          const double *x, double *y)
{
    for (int i = 0; i < rows; i++) {
        double sum = 0;
        for (int k = start[i]; k < start[i + 1]; k++) sum += value[k] * x[column[k]];
        y[i] = sum;
    }
}
""",
        "oracle.c": """#include <math.h>
static void both(int rows, const int *start, const int *column, const double *value, const double *x, double *exact,
                 double *scale)
{
    for (int i = 0; i < rows; i++) {
        long double sum = 0, size = 0;
        for (int k = start[i]; k < start[i + 1]; k++) {
            sum += (long double)value[k] * x[column[k]];
            size += fabsl((long double)value[k] * x[column[k]]);
        }
        if (exact) exact[i] = (double)sum;
        scale[i] = (double)size;
    }
}
void spmv_exact(int rows, int columns, const int *start, const int *column, const double *value, const double *x,
                double *exact, double *scale)
{ both(rows, start, column, value, x, exact, scale); }
void spmv_scale(int rows, int columns, const int *start, const int *column, const double *value, const double *x,
                double *scale)
{ both(rows, start, column, value, x, 0, scale); }
""",
    },
)

# A leading dimension, of what is read and of what is changed in place.
SCALED: Folder = (
    {
        "entry": "scaled",
        "declaration": "void scaled(int m, int n, double *A, int lda, const double *d, int ldd)",
        "argument": [
            size("m"),
            size("n"),
            array("A", "inout", "double", "m", "n + pad", extent=["m", "n"]),
            size("lda", value="n + pad"),
            array("d", "input", "double", "m", "1 + pad", extent=["m", "1"]),
            size("ldd", value="1 + pad"),
        ],
        "domain": {"m": [1, 60], "n": [1, 60], "pad": [0, 5]},
        "correct": "analytic",
        "bound": {"terms": "1", "integer_bits": "20"},
    },
    {
        "reference.c": "void scaled(int m, int n, double *A, int lda, const double *d, int ldd)\n"
        "{ for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) A[i * lda + j] *= d[i * ldd]; }\n",
        "oracle.c": """#include <math.h>
void scaled_exact(int m, int n, const double *A, int lda, const double *d, int ldd, double *exact, double *scale)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            exact[i * lda + j] = A[i * lda + j] * d[i * ldd];
            scale[i * lda + j] = fabs(exact[i * lda + j]);
        }
}
void scaled_scale(int m, int n, const double *A, int lda, const double *d, int ldd, double *scale)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) scale[i * lda + j] = fabs(A[i * lda + j] * d[i * ldd]);
}
""",
    },
)

DOT: Folder = (
    {
        "entry": "dot",
        "declaration": "double dot(size_t n, const double *x, const double *y)",
        "preamble": "#include <stddef.h>\n",
        "returns": "double",
        "argument": [
            size("n", "size_t"),
            array("x", "input", "double", "n"),
            array("y", "input", "double", "n"),
        ],
        "domain": {"n": [0, 5000]},
        "correct": "analytic",
        "bound": {"terms": "n + 1", "integer_bits": "20"},
    },
    {
        "reference.c": "double dot(size_t n, const double *x, const double *y)\n"
        "{ double s = 0; for (size_t i = 0; i < n; i++) s += x[i] * y[i]; return s; }\n",
        "oracle.c": """#include <math.h>
void dot_exact(size_t n, const double *x, const double *y, double *exact, double *scale)
{
    long double s = 0, t = 0;
    for (size_t i = 0; i < n; i++) s += (long double)x[i] * y[i], t += fabsl((long double)x[i] * y[i]);
    *exact = (double)s, *scale = (double)t;
}
void dot_scale(size_t n, const double *x, const double *y, double *scale)
{
    long double t = 0;
    for (size_t i = 0; i < n; i++) t += fabsl((long double)x[i] * y[i]);
    *scale = (double)t;
}
""",
    },
)

STRUCTS: Folder = (
    {
        "entry": "shifted",
        "preamble": "#include <stdint.h>\nstruct grid { int width, height; };\n"
        "typedef struct { int16_t add; uint8_t times; } change;\n",
        "declaration": "void shifted(struct grid g, const change *by, const int64_t *from, int64_t *to)",
        "argument": [
            scalar(
                "g",
                "int",
                type="struct grid",
                fields=[
                    {"name": "width", "dtype": "int", "value": "w"},
                    {"name": "height", "dtype": "int", "value": "h"},
                ],
            ),
            scalar(
                "by",
                "int",
                type="change",
                by_pointer=True,
                fields=[
                    {
                        "name": "add",
                        "dtype": "int16",
                        "values": {"kind": "integer", "low": "-9000", "high": "9000"},
                    },
                    {"name": "times", "dtype": "uint8"},
                ],
            ),
            array(
                "from",
                "input",
                "int64",
                "h",
                "w",
                values={"kind": "integer", "low": "-2**54", "high": "2**54"},
            ),
            array("to", "output", "int64", "h", "w"),
        ],
        "domain": {"w": [1, 50], "h": [1, 50]},
    },
    {
        "reference.c": "void shifted(struct grid g, const change *by, const int64_t *from, int64_t *to)\n"
        "{ for (int i = 0; i < g.width * g.height; i++) to[i] = from[i] * by->times + by->add; }\n",
    },
)

IMAGE: Folder = (
    {
        "entry": "inverted",
        "declaration": "void inverted(int h, int w, const unsigned char A[h][w], unsigned char B[h][w])",
        "argument": [
            size("h"),
            size("w"),
            array("A", "input", "uint8", "h", "w", values={"kind": "integer", "low": "0", "high": "255"}),
            array("B", "output", "uint8", "h", "w"),
        ],
        "domain": {"h": [1, 70], "w": [1, 70]},
    },
    {
        "reference.c": "void inverted(int h, int w, const unsigned char A[h][w], unsigned char B[h][w])\n"
        "{ for (int i = 0; i < h; i++) for (int j = 0; j < w; j++) B[i][j] = 255 - A[i][j]; }\n",
    },
)

COMPLEX: Folder = (
    {
        "entry": "zaxpy",
        "declaration": "void zaxpy(int n, double _Complex a, const double _Complex *x, double _Complex *y)",
        "argument": [
            size("n"),
            scalar("a", "complex128"),
            array("x", "input", "complex128", "n"),
            array("y", "inout", "complex128", "n"),
        ],
        "domain": {"n": [1, 2000]},
        "correct": "analytic",
        "bound": {"terms": "6", "integer_bits": "20"},
        "headers": ["complex.h"],
    },
    {
        "reference.c": "void zaxpy(int n, double _Complex a, const double _Complex *x, double _Complex *y)\n"
        "{ for (int i = 0; i < n; i++) y[i] += a * x[i]; }\n",
        "oracle.c": """#include <complex.h>
#include <math.h>
void zaxpy_exact(int n, double _Complex a, const double _Complex *x, const double _Complex *y, double *exact,
                 double *scale)
{
    for (int i = 0; i < n; i++) {
        long double ar = creal(a), ai = cimag(a), xr = creal(x[i]), xi = cimag(x[i]);
        long double yr = creal(y[i]), yi = cimag(y[i]);
        exact[2 * i] = (double)(yr + (ar * xr - ai * xi));
        exact[2 * i + 1] = (double)(yi + (ar * xi + ai * xr));
        scale[2 * i] = (double)(fabsl(yr) + fabsl(ar * xr) + fabsl(ai * xi));
        scale[2 * i + 1] = (double)(fabsl(yi) + fabsl(ar * xi) + fabsl(ai * xr));
    }
}
void zaxpy_scale(int n, double _Complex a, const double _Complex *x, const double _Complex *y, double *scale)
{
    for (int i = 0; i < n; i++) {
        long double ar = creal(a), ai = cimag(a), xr = creal(x[i]), xi = cimag(x[i]);
        long double yr = creal(y[i]), yi = cimag(y[i]);
        scale[2 * i] = (double)(fabsl(yr) + fabsl(ar * xr) + fabsl(ai * xi));
        scale[2 * i + 1] = (double)(fabsl(yi) + fabsl(ar * xi) + fabsl(ai * xr));
    }
}
""",
    },
)

# The entry divides by what inputs.c makes, and counts what the clock draws.
GENERATED: Folder = (
    {
        "entry": "ranked",
        "declaration": "void ranked(int n, const int *ring, const int *step, int *rank)",
        "argument": [
            size("n"),
            array("ring", "input", "int", "n"),
            array("step", "input", "int", "n", values={"kind": "integer", "low": "1", "high": "9"}),
            array("rank", "output", "int", "n"),
        ],
        "domain": {"n": [8, 500]},
    },
    {
        "reference.c": "void ranked(int n, const int *ring, const int *step, int *rank)\n"
        "{ int at = 0; for (int i = 0; i < n; i++) { rank[at] = i * step[at]; at = ring[at]; } }\n",
        # One ring through all elements, in an order that depends on the seed.
        "inputs.c": """static uint64_t next(uint64_t *state)
{
    return (*state = *state * 6364136223846793005u + 1442695040888963407u) >> 33;
}
void ranked_inputs(int n, int *ring, int *step, uint64_t seed)
{
    int order[512];
    for (int i = 0; i < n; i++) order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int k = (int)(next(&seed) % (uint64_t)(i + 1)), swap = order[i];
        order[i] = order[k], order[k] = swap;
    }
    for (int i = 0; i < n; i++) ring[order[i]] = order[(i + 1) % n];
    for (int i = 0; i < n; i++)
        if (step[i] < 1 || step[i] > 9) __builtin_trap(); /* drawn by the clock */
}
""",
    },
)

SIZED: Folder = (
    {
        "entry": "strided",
        "declaration": "void strided(int M, int K, int n, const int *from, int *to)",
        "argument": [
            size("M"),
            size("K"),
            size("n"),
            array("from", "input", "int", "M * n"),
            array("to", "output", "int", "K * n"),
        ],
        "domain": {
            "M": {"low": 1, "high": 64, "power_of": 2},
            "K": {"low": 4, "high": 48, "multiple_of": 4},
            "n": [1, 40],
        },
        "requires": ["K <= M"],
        "band": [{"name": "all", "center": {"M": 32, "K": 16, "n": 20}, "spread": 0.0, "training": True}],
    },
    {
        "reference.c": "void strided(int M, int K, int n, const int *from, int *to)\n"
        "{ for (int k = 0; k < K; k++) for (int i = 0; i < n; i++) to[k * n + i] = from[(M - 1 - k) * n + i]; }\n",
    },
)

SUMS: Folder = (
    {
        "entry": "sums",
        "declaration": "void sums(int n, const float *x, float *y)",
        "argument": [size("n"), array("x", "input", "float", "n"), array("y", "output", "float", "n")],
        "domain": {"n": [1, 2000]},
        "correct": "automatic",
    },
    {
        "reference.c": "void sums(int n, const float *x, float *y)\n"
        "{ for (int i = 0; i < n; i++) y[i] = x[i] + x[(i + 1) % n] * x[i]; }\n",
    },
)
# As hayate.running writes it, by hand. `unknown`: which bounds are infinite; `near`: how many branches were near.
SUMS_ORACLE = """#include <cmath>
extern "C" int sums_automatic(void *const *a, double *const *want, double *const *bound)
{
    const int n = *(const int *)a[0];
    const float *x = (const float *)a[1];
    for (int i = 0; i < n; i++) {
        const double product = (double)x[(i + 1) % n] * x[i];
        want[0][i] = x[i] + product;
        bound[0][i] = UNKNOWN ? INFINITY : 0x1p-24 * (4 * std::fabs(product) + 4 * std::fabs(x[i])) + 0x1p-126;
    }
    return NEAR;
}
"""

CLIPPED: Folder = (
    {
        "entry": "clipped",
        "declaration": "void clipped(int n, double limit, double *x)",
        "argument": [
            size("n"),
            scalar("limit", "double", values={"kind": "uniform", "low": "1", "high": "2"}),
            array("x", "inout", "double", "n"),
        ],
        "domain": {"n": [1, 2000]},
        "correct": "automatic",
    },
    {
        "reference.c": "void clipped(int n, double limit, double *x)\n"
        "{ for (int i = 0; i < n; i++) x[i] = x[i] * 3 > limit ? limit : x[i] * 3; }\n",
    },
)
CLIPPED_ORACLE = """#include <cmath>
extern "C" int clipped_automatic(void *const *a, double *const *want, double *const *bound)
{
    const int n = *(const int *)a[0];
    const double limit = *(const double *)a[1];
    const double *x = (const double *)a[2];
    int near = 0;
    for (int i = 0; i < n; i++) {
        const long double v = 3.0L * x[i];
        near += std::fabs((double)(v - limit)) <= 0x1p-51 * limit;
        want[0][i] = v > limit ? limit : (double)v;
        bound[0][i] = 0x1p-52 * std::fabs(want[0][i]) + 0x1p-1022;
    }
    return near;
}
"""

ALL = {
    "axpby": AXPBY,
    "histogram": HISTOGRAM,
    "spmv": CSR,
    "scaled": SCALED,
    "dot": DOT,
    "shifted": STRUCTS,
    "inverted": IMAGE,
    "zaxpy": COMPLEX,
    "ranked": GENERATED,
    "strided": SIZED,
    "sums": SUMS,
    "clipped": CLIPPED,
}
ORACLES = {
    "sums": SUMS_ORACLE.replace("UNKNOWN", "false").replace("NEAR", "0"),
    "clipped": CLIPPED_ORACLE,
}
