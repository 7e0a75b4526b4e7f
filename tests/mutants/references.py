"""References of different kinds, each with the task around it, as small as a task can be."""

from __future__ import annotations

from hayate.records.problem import Argument, Band, Bound, SizeRange, Values
from hayate.records.task import SourceText, Task
from hayate.tasks import folder


def size(name: str, dtype: str = "int32", value: str = "") -> Argument:
    return Argument(name=name, kind="size", dtype=dtype, value=value)  # type: ignore[arg-type]


def array(kind: str, name: str, *shape: str, dtype: str = "float64", **more: object) -> Argument:
    return Argument(name=name, kind=kind, dtype=dtype, shape=shape, **more)  # type: ignore[arg-type]


def scalar(name: str, dtype: str = "float64", **more: object) -> Argument:
    return Argument(name=name, kind="scalar", dtype=dtype, **more)  # type: ignore[arg-type]


def task(
    entry: str,
    text: str,
    *arguments: Argument,
    flops: str,
    domain: dict[str, tuple[int, int] | SizeRange],
    requires: tuple[str, ...] = (),
    returns: str | None = None,
    preamble: str = "",
    language: str = "c",
) -> Task:
    start = text.index(f"{entry}(")
    line = text.rfind("\n", 0, start) + 1
    declaration = text[line : text.index("{", start)].strip()
    ranges = {
        name: r if isinstance(r, SizeRange) else SizeRange(low=r[0], high=r[1]) for name, r in domain.items()
    }
    source = SourceText(name="reference.c" if language == "c" else "reference.cpp", text=text)
    return Task(
        name=entry,
        title=entry,
        bound_by="compute",
        entry=entry,
        declaration=declaration,
        preamble=preamble,
        returns=returns,  # type: ignore[arg-type]
        description=entry,
        arguments=arguments,
        domain=ranges,
        requires=requires,
        bands=(Band(name="high", center={name: r.high for name, r in ranges.items()}),),
        flops=flops,
        bytes=flops,
        oracle_work=flops,
        bound=Bound(terms="1"),
        techniques=(),
        headers=(),
        reference=source,
        oracle=source,
        yardsticks=(),
    )


POSITIVE = Values(kind="uniform", low="0.5", high="2")

AXPBY = task(
    "axpby",
    """
void axpby(int n, double alpha, const double *x, double beta, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = alpha * x[i] + beta * y[i];
}
""",
    size("n"), scalar("alpha"), array("input", "x", "n"), scalar("beta"), array("inout", "y", "n"),
    flops="3 * n", domain={"n": (1, 64)},
)  # fmt: skip

CSR = task(
    "spmv",
    """
#include <stddef.h>

void spmv(int rows, int columns, const int *restrict start, const int *restrict column,
          const double *restrict value, const double *restrict x, double *restrict y)
{
    (void)columns;
#pragma omp parallel for schedule(dynamic, 16)
    for (int i = 0; i < rows; i++) {
        double t = 0;
        for (int k = start[i]; k < start[i + 1]; k++)
            t += value[k] * x[column[k]];
        y[i] = t;
    }
}
""",
    size("rows"), size("columns"),
    array("input", "start", "rows + 1", dtype="int32", values=Values(kind="offsets", high="nonzeros")),
    array("input", "column", "nonzeros", dtype="int32", values=Values(kind="columns", high="columns", of="start")),
    array("input", "value", "nonzeros"), array("input", "x", "columns"), array("output", "y", "rows"),
    flops="2 * nonzeros", domain={"rows": (1, 40), "columns": (2, 40), "nonzeros": (4, 300)},
)  # fmt: skip

CONVOLUTION = task(
    "conv1d",
    """
/* Valid part of a convolution with several channels. */
void conv1d(int n, int channels, int taps, const float *in, const float *weights, const float *bias, float *out)
{
    const int m = n - taps + 1;
    for (int c = 0; c < channels; ++c) {
        for (int i = 0; i < m; ++i) {
            float acc = bias[c];
            for (int t = 0; t < taps; ++t)
                acc += in[i + t] * weights[c * taps + t];
            out[c * m + i] = acc > 0.0f ? acc : 0.0f;
        }
    }
}
""",
    size("n"), size("channels"), size("taps"),
    array("input", "in", "n", dtype="float32"), array("input", "weights", "channels", "taps", dtype="float32"),
    array("input", "bias", "channels", dtype="float32"),
    array("output", "out", "channels", "n - taps + 1", dtype="float32"),
    flops="2 * n * channels * taps", domain={"n": (8, 60), "channels": (1, 6), "taps": (1, 7)},
)  # fmt: skip

STENCIL = task(
    "stencil3d",
    """
#define IX(i, j, k) (((size_t)(i) * ny + (j)) * nz + (k))
#include <string.h>
#include <stdlib.h>

void stencil3d(int nx, int ny, int nz, int steps, double c0, double c1, const double *restrict a, double *restrict b)
{
    const size_t n = (size_t)nx * ny * nz;
    double *t = malloc(n * sizeof *t);
    memcpy(b, a, n * sizeof *b);
    for (int s = 0; s < steps; s++) {
        memcpy(t, b, n * sizeof *t);
        for (int i = 1; i < nx - 1; i++)
            for (int j = 1; j < ny - 1; j++)
                for (int k = 1; k < nz - 1; k++)
                    b[IX(i, j, k)] = c0 * t[IX(i, j, k)]
                        + c1 * (t[IX(i - 1, j, k)] + t[IX(i + 1, j, k)] + t[IX(i, j - 1, k)]
                                + t[IX(i, j + 1, k)] + t[IX(i, j, k - 1)] + t[IX(i, j, k + 1)]);
    }
    free(t);
}
""",
    size("nx"), size("ny"), size("nz"), size("steps"), scalar("c0"), scalar("c1"),
    array("input", "a", "nx", "ny", "nz"), array("output", "b", "nx", "ny", "nz"),
    flops="8 * nx * ny * nz * steps", domain={"nx": (3, 12), "ny": (3, 12), "nz": (3, 12), "steps": (1, 4)},
)  # fmt: skip

SOFTMAX = task(
    "softmax",
    """
#include <math.h>

static float largest(const float *x, int n)
{
    float m = x[0];
    for (int i = 1; i < n; i++)
        m = fmaxf(m, x[i]);
    return m;
}

void softmax(int rows, int n, const float *x, float *y)
{
    for (int r = 0; r < rows; r++, x += n, y += n) {
        float m = largest(x, n), sum = 0.0f;
        for (int i = 0; i < n; i++) {
            y[i] = expf(x[i] - m);
            sum += y[i];
        }
        for (int i = 0; i < n; i++)
            y[i] /= sum;
    }
}
""",
    size("rows"), size("n"), array("input", "x", "rows", "n", dtype="float32"),
    array("output", "y", "rows", "n", dtype="float32"),
    flops="5 * rows * n", domain={"rows": (1, 10), "n": (1, 40)},
)  # fmt: skip

HISTOGRAM = task(
    "histogram",
    """
#include <stdint.h>

void histogram(int64_t n, int bins, const uint8_t *data, uint32_t *count)
{
    for (int b = 0; b < bins; b++)
        count[b] = 0;
    for (int64_t i = 0; i < n; i++)
        if (data[i] < bins)
            count[data[i]]++;
}
""",
    size("n", "int64"), size("bins"),
    array("input", "data", "n", dtype="uint8", values=Values(kind="integer", low="0", high="40")),
    array("output", "count", "bins", dtype="uint32"),
    flops="n + bins", domain={"n": (1, 200), "bins": (2, 32)},
)  # fmt: skip

FFT = task(
    "fft",
    """
#include <complex.h>
#include <math.h>

static void butterflies(int n, double complex *a)
{
    for (int len = 2; len <= n; len <<= 1) {
        double angle = -2 * 3.14159265358979323846 / len;
        for (int i = 0; i < n; i += len)
            for (int j = 0; j < len / 2; j++) {
                double complex w = cos(angle * j) + I * sin(angle * j);
                double complex u = a[i + j], v = a[i + j + len / 2] * w;
                a[i + j] = u + v;
                a[i + j + len / 2] = u - v;
            }
    }
}

void fft(int n, const double complex *x, double complex *y)
{
    for (int i = 0, j = 0; i < n; i++) {
        y[j] = x[i];
        int bit = n >> 1;
        while (j & bit) {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
    }
    butterflies(n, y);
}
""",
    size("n"), array("input", "x", "n", dtype="complex128"), array("output", "y", "n", dtype="complex128"),
    flops="10 * n", domain={"n": SizeRange(low=2, high=64, power_of=2)},
)  # fmt: skip

LU = task(
    "lu",
    """
void lu(int n, int lda, double *A)
{
    for (int k = 0; k < n; k++)
        for (int i = k + 1; i < n; i++) {
            double f = A[i * lda + k] / A[k * lda + k];
            A[i * lda + k] = f;
            for (int j = k + 1; j < n; j++)
                A[i * lda + j] -= f * A[k * lda + j];
        }
}
""",
    size("n"), size("lda", value="n + pad"),
    array("inout", "A", "n", "lda", extent=("n", "n"), values=Values(kind="diagonally_dominant")),
    flops="n * n * n", domain={"n": (1, 24), "pad": (0, 5)},
)  # fmt: skip

NBODY = task(
    "forces",
    """
#include <math.h>

typedef struct { double x, y, z; } Vector;

static Vector pull(Vector a, Vector b, double m, double soft)
{
    Vector d = {b.x - a.x, b.y - a.y, b.z - a.z};
    double r2 = d.x * d.x + d.y * d.y + d.z * d.z + soft * soft;
    double s = m / (r2 * sqrt(r2));
    Vector f = {d.x * s, d.y * s, d.z * s};
    return f;
}

void forces(int n, double soft, const double (*p)[3], const double *mass, double (*f)[3])
{
    for (int i = 0; i < n; i++) {
        double fx = 0, fy = 0, fz = 0;
        const Vector at = {p[i][0], p[i][1], p[i][2]};
        for (int j = 0; j < n; j++) {
            if (j == i)
                continue;
            const Vector other = {p[j][0], p[j][1], p[j][2]};
            const Vector one = pull(at, other, mass[j], soft);
            fx += one.x;
            fy += one.y;
            fz += one.z;
        }
        f[i][0] = fx;
        f[i][1] = fy;
        f[i][2] = fz;
    }
}
""",
    size("n"), scalar("soft", values=POSITIVE), array("input", "p", "n", "3"),
    array("input", "mass", "n", values=POSITIVE), array("output", "f", "n", "3"),
    flops="20 * n * n", domain={"n": (2, 40)},
)  # fmt: skip

PREFIX = task(
    "prefix",
    """
#include <stdint.h>

void prefix(unsigned n, const int32_t *in, int64_t *out)
{
    const int32_t *p = in, *end = in + n;
    int64_t sum = 0;
    while (p < end) {
        sum += *p++;
        *out++ = sum;
    }
}
""",
    size("n", "uint32"),
    array("input", "in", "n", dtype="int32", values=Values(kind="integer", low="-100", high="100")),
    array("output", "out", "n", dtype="int64"),
    flops="n", domain={"n": (1, 64)},
)  # fmt: skip

FLOYD = task(
    "floyd",
    """
#define MIN(a, b) ((a) < (b) ? (a) : (b))

void floyd(int n, float d[n][n])
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                d[i][j] = MIN(d[i][j], d[i][k] + d[k][j]);
}
""",
    size("n"), array("inout", "d", "n", "n", dtype="float32", values=Values(kind="uniform", low="1", high="100")),
    flops="2 * n * n * n", domain={"n": (2, 24)},
)  # fmt: skip

LAYER_NORM = task(
    "layer_norm",
    """
#include <math.h>

typedef float real;

void layer_norm(long rows, long n, const real *restrict x, const real *gain, const real *bias, real *restrict y)
{
    long r;
#pragma omp parallel for
    for (r = 0; r < rows; r++) {
        const real *a = x + r * n;
        real *b = &y[r * n];
        double mean = 0.0, var = 0.0;
        for (long i = 0; i < n; i++)
            mean += a[i];
        mean /= n;
        for (long i = 0; i < n; i++) {
            double d = a[i] - mean;
            var += d * d;
        }
        real s = (real)(1.0 / sqrt(var / n + 1e-5));
        for (long i = 0; i < n; i++)
            b[i] = (real)(a[i] - mean) * s * gain[i] + bias[i];
    }
}
""",
    size("rows", "int64"), size("n", "int64"), array("input", "x", "rows", "n", dtype="float32"),
    array("input", "gain", "n", dtype="float32"), array("input", "bias", "n", dtype="float32"),
    array("output", "y", "rows", "n", dtype="float32"),
    flops="8 * rows * n", domain={"rows": (1, 8), "n": (2, 40)},
)  # fmt: skip

BLACK_SCHOLES = task(
    "black_scholes",
    """
#include <math.h>

static inline double cdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }

void black_scholes(int n, double r, double v, const double *s, const double *k, const double *t, double *call,
                   double *put)
{
    for (int i = 0; i < n; i++) {
        double root = v * sqrt(t[i]);
        double d1 = (log(s[i] / k[i]) + (r + 0.5 * v * v) * t[i]) / root;
        double d2 = d1 - root;
        double now = k[i] * exp(-r * t[i]);
        call[i] = s[i] * cdf(d1) - now * cdf(d2);
        put[i] = now * cdf(-d2) - s[i] * cdf(-d1);
    }
}
""",
    size("n"), scalar("r", values=Values(kind="uniform", low="0.01", high="0.1")), scalar("v", values=POSITIVE),
    array("input", "s", "n", values=POSITIVE), array("input", "k", "n", values=POSITIVE),
    array("input", "t", "n", values=POSITIVE), array("output", "call", "n"), array("output", "put", "n"),
    flops="50 * n", domain={"n": (1, 64)},
)  # fmt: skip

GEMV = task(
    "gemv_strided",
    """
typedef struct { double alpha, beta; int transposed; } Options;

void gemv_strided(int m, int n, int lda, const Options *o, const double *A, const double *x, double *y)
{
    for (int i = 0; i < m; i++) {
        double t = 0.0;
        int k = 0;
        do {
            t += (o->transposed ? A[k * lda + i] : A[i * lda + k]) * x[k];
            k++;
        } while (k < n);
        y[i] = o->beta == 0.0 ? o->alpha * t : o->alpha * t + o->beta * y[i];
    }
}
""",
    size("m"), size("n", value="m"), size("lda", value="m + pad"),
    Argument(
        name="o", kind="scalar", by_pointer=True,
        fields=(
            {"name": "alpha", "dtype": "float64"},
            {"name": "beta", "dtype": "float64", "values": Values(kind="integer", low="0", high="2")},
            {"name": "transposed", "dtype": "int32", "values": Values(kind="integer", low="0", high="1")},
        ),
    ),
    array("input", "A", "m", "lda", extent=("m", "n")), array("input", "x", "n"), array("inout", "y", "m"),
    flops="2 * m * m", domain={"m": (1, 30), "pad": (0, 4)},
    preamble="typedef struct { double alpha, beta; int transposed; } Options;",
)  # fmt: skip

DOT = task(
    "dot",
    """
float dot(unsigned long n, const float *a, const float *b)
{
    float s[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    unsigned long i;
    for (i = 0; i + 4 <= n; i += 4)
        for (int l = 0; l < 4; l++)
            s[l] += a[i + l] * b[i + l];
    for (; i < n; i++)
        s[0] += a[i] * b[i];
    return (s[0] + s[1]) + (s[2] + s[3]);
}
""",
    size("n", "uint64"), array("input", "a", "n", dtype="float32"), array("input", "b", "n", dtype="float32"),
    flops="2 * n", domain={"n": (1, 64)}, returns="float32",
)  # fmt: skip

SORT = task(
    "sort",
    """
#include <stdlib.h>

static void merge_sort(double *a, double *scratch, long low, long high)
{
    if (high - low < 2)
        return;
    const long middle = low + (high - low) / 2;
    merge_sort(a, scratch, low, middle);
    merge_sort(a, scratch, middle, high);
    long i = low, j = middle, k = low;
    while (i < middle || j < high) {
        if (j >= high || (i < middle && a[i] <= a[j]))
            scratch[k++] = a[i++];
        else
            scratch[k++] = a[j++];
    }
    for (k = low; k < high; k++)
        a[k] = scratch[k];
}

void sort(long n, double *a)
{
    double *scratch = (double *)malloc((size_t)n * sizeof(double));
    merge_sort(a, scratch, 0, n);
    free(scratch);
}
""",
    size("n", "int64"), array("inout", "a", "n"), flops="10 * n", domain={"n": (1, 64)},
)  # fmt: skip

CXX = task(
    "scale_rows",
    """
#include <cmath>
#include <algorithm>

template <class T> static T norm(const T *x, int n)
{
    T t = 0;
    for (int i = 0; i < n; i++)
        t += x[i] * x[i];
    return std::sqrt(t);
}

extern "C" void scale_rows(int m, int n, const double *a, double *b)
{
    for (int i = 0; i < m; i++) {
        const double s = std::max(norm(a + i * n, n), 0.1);
        for (int j = 0; j < n; j++)
            b[i * n + j] = a[i * n + j] / s;
    }
}
""",
    size("m"), size("n"), array("input", "a", "m", "n"), array("output", "b", "m", "n"),
    flops="4 * m * n", domain={"m": (1, 12), "n": (1, 20)}, language="c++",
)  # fmt: skip


DGEMM = task(
    "dgemm", (folder("dgemm") / "reference.c").read_text(),
    size("M"), size("N"), size("K"), array("input", "A", "M", "K"), array("input", "B", "K", "N"),
    array("output", "C", "M", "N"), flops="2 * M * N * K", domain={"M": (1, 20), "N": (1, 20), "K": (1, 20)},
)  # fmt: skip

JACOBI = task(
    "jacobi2d", (folder("jacobi2d") / "reference.c").read_text(),
    size("H"), size("W"), size("sweeps"), array("input", "u0", "H", "W"), array("output", "u", "H", "W"),
    flops="6 * H * W * sweeps", domain={"H": (1, 20), "W": (1, 20), "sweeps": (0, 4)},
)  # fmt: skip

OF_C = {
    t.entry: t
    for t in (
        AXPBY, CSR, CONVOLUTION, STENCIL, SOFTMAX, HISTOGRAM, FFT, LU, NBODY, PREFIX, FLOYD, LAYER_NORM,
        BLACK_SCHOLES, GEMV, DOT, SORT, DGEMM, JACOBI,
    )
}  # fmt: skip
ALL = OF_C | {CXX.entry: CXX}
