"""Kernels in double precision."""

from __future__ import annotations

from benchmarks.margins.kernels import Kernel, array, between, scalar, size
from hayate.records import Argument, StructField, Values

AXPBY = Kernel(
    "axpby",
    "void axpby(int n, double alpha, const double *x, double beta, double *y)",
    """void axpby(int n, double alpha, const double *restrict x, double beta, double *restrict y)
{
    for (int i = 0; i < n; i++)
        y[i] = alpha * x[i] + beta * y[i];
}
""",
    (size("n"), scalar("alpha"), array("input", "x", "n"), scalar("beta"), array("inout", "y", "n")),
    {"n": 500},
    reversed=("for (int i = 0; i < n; i++)", "for (int i = n - 1; i >= 0; i--)"),
    honest={
        "factored": """void axpby(int n, double alpha, const double *x, double beta, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = __builtin_fma(beta, y[i], alpha * x[i]);
}
"""
    },
    cheats={
        "products in float": """void axpby(int n, double alpha, const double *x, double beta, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = (float)(alpha * x[i]) + beta * y[i];
}
"""
    },
)

CSR = Kernel(
    "csr",
    "void csr(int m, int n, const int *rows, const int *columns, const double *values, const double *x, double *y)",
    """void csr(int m, int n, const int *rows, const int *columns, const double *values, const double *x, double *y)
{
    (void)n;
    for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int k = rows[i]; k < rows[i + 1]; k++)
            sum += values[k] * x[columns[k]];
        y[i] = sum;
    }
}
""",
    (
        size("m"),
        size("n"),
        array("input", "rows", "m + 1", "int32", Values(kind="offsets", high="nonzeros")),
        array("input", "columns", "nonzeros", "int32", Values(kind="columns", high="n", of="rows")),
        array("input", "values", "nonzeros"),
        array("input", "x", "n"),
        array("output", "y", "m"),
    ),
    {"m": 60, "n": 80, "nonzeros": 900},
    reversed=(
        "for (int k = rows[i]; k < rows[i + 1]; k++)",
        "for (int k = rows[i + 1] - 1; k >= rows[i]; k--)",
    ),
    cheats={
        "a term dropped": """void csr(int m, int n, const int *rows, const int *columns, const double *values,
         const double *x, double *y)
{
    for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int k = rows[i]; k < rows[i + 1] - (i == m / 2); k++)
            sum += values[k] * x[columns[k]];
        y[i] = sum;
    }
}
""",
        "sums in float": """void csr(int m, int n, const int *rows, const int *columns, const double *values,
         const double *x, double *y)
{
    for (int i = 0; i < m; i++) {
        float sum = 0;
        for (int k = rows[i]; k < rows[i + 1]; k++)
            sum += values[k] * x[columns[k]];
        y[i] = sum;
    }
}
""",
    },
)

STENCIL = Kernel(
    "stencil",
    "void stencil(int n, int steps, double A[n][n][n], double B[n][n][n])",
    """void stencil(int n, int steps, double A[n][n][n], double B[restrict n][n][n])
{
    for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                for (int k = 1; k < n - 1; k++)
                    B[i][j][k] = 0.125 * (A[i + 1][j][k] - 2.0 * A[i][j][k] + A[i - 1][j][k])
                                 + 0.125 * (A[i][j + 1][k] - 2.0 * A[i][j][k] + A[i][j - 1][k])
                                 + 0.125 * (A[i][j][k + 1] - 2.0 * A[i][j][k] + A[i][j][k - 1]) + A[i][j][k];
        double (*T)[n][n] = A;
        A = B;
        B = T;
    }
}
""",
    (size("n"), size("steps"), array("inout", "A", "n, n, n"), array("inout", "B", "n, n, n")),
    {"n": 14, "steps": 4},
    reversed=("for (int k = 1; k < n - 1; k++)", "for (int k = n - 2; k >= 1; k--)"),
    honest={
        "factored": """void stencil(int n, int steps, double A[n][n][n], double B[n][n][n])
{
    for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                for (int k = 1; k < n - 1; k++)
                    B[i][j][k] = 0.25 * A[i][j][k] + 0.125 * (((A[i + 1][j][k] + A[i - 1][j][k])
                                 + (A[i][j + 1][k] + A[i][j - 1][k])) + (A[i][j][k + 1] + A[i][j][k - 1]));
        double (*T)[n][n] = A;
        A = B;
        B = T;
    }
}
"""
    },
)

LU = Kernel(
    "lu",
    "void lu(int n, double *a, int lda)",
    """void lu(int n, double *a, int lda)
{
    for (int k = 0; k < n; k++)
        for (int i = k + 1; i < n; i++) {
            a[i * lda + k] /= a[k * lda + k];
            for (int j = k + 1; j < n; j++)
                a[i * lda + j] -= a[i * lda + k] * a[k * lda + j];
        }
}
""",
    (
        size("n"),
        array("inout", "a", "n, lda", values=Values(kind="diagonally_dominant"), extent="n, n"),
        size("lda", "n + pad"),
    ),
    {"n": 40, "pad": 3},
    reversed=("for (int j = k + 1; j < n; j++)", "for (int j = n - 1; j > k; j--)"),
    honest={
        "by the reciprocal, by columns": """void lu(int n, double *a, int lda)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++)
            for (int i = k + 1; i < n; i++)
                a[i * lda + j] -= a[i * lda + k] * a[k * lda + j];
        double r = 1 / a[j * lda + j];
        for (int i = j + 1; i < n; i++)
            a[i * lda + j] *= r;
    }
}
"""
    },
    cheats={
        "padding touched": """void lu(int n, double *a, int lda)
{
    for (int k = 0; k < n; k++)
        for (int i = k + 1; i < n; i++) {
            a[i * lda + k] /= a[k * lda + k];
            for (int j = k + 1; j < lda; j++)
                a[i * lda + j] -= a[i * lda + k] * a[k * lda + j];
        }
}
"""
    },
)

CHOLESKY = Kernel(
    "cholesky",
    "void cholesky(int n, double A[n][n])",
    """#include <math.h>
void cholesky(int n, double A[n][n])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            for (int k = 0; k < j; k++)
                A[i][j] -= A[i][k] * A[j][k];
            A[i][j] /= A[j][j];
        }
        for (int k = 0; k < i; k++)
            A[i][i] -= A[i][k] * A[i][k];
        A[i][i] = sqrt(A[i][i]);
    }
}
""",
    (size("n"), array("inout", "A", "n, n", values=Values(kind="symmetric_positive_definite"))),
    {"n": 40},
    reversed=("for (int k = 0; k < j; k++)", "for (int k = j - 1; k >= 0; k--)"),
    honest={
        "right-looking, reciprocals": """#include <math.h>
void cholesky(int n, double A[n][n])
{
    for (int k = 0; k < n; k++) {
        A[k][k] = sqrt(A[k][k]);
        double r = 1 / A[k][k];
        for (int i = k + 1; i < n; i++)
            A[i][k] *= r;
        for (int i = k + 1; i < n; i++)
            for (int j = k + 1; j <= i; j++)
                A[i][j] -= A[i][k] * A[j][k];
    }
}
"""
    },
)

PREFIX = Kernel(
    "prefix",
    "void prefix(int n, double *x)",
    """void prefix(int n, double *x)
{
    for (int i = 1; i < n; i++)
        x[i] += x[i - 1];
}
""",
    (size("n"), array("inout", "x", "n")),
    {"n": 2000},
    honest={
        "blocked": """void prefix(int n, double *x)
{
    double before = 0;
    for (int b = 0; b < n; b += 64) {
        int end = b + 64 < n ? b + 64 : n;
        for (int i = b + 1; i < end; i++)
            x[i] += x[i - 1];
        for (int i = b; i < end; i++)
            x[i] += before;
        before = x[end - 1];
    }
}
"""
    },
)

BLACK_SCHOLES = Kernel(
    "black_scholes",
    "void black_scholes(int n, const double *s, const double *k, const double *t, double r, double v, double *call)",
    """#include <math.h>
#define N(x) (0.5 * (1.0 + erf((x) / sqrt(2.0))))
void black_scholes(int n, const double *s, const double *k, const double *t, double r, double v, double *call)
{
    for (int i = 0; i < n; i++) {
        double root = v * sqrt(t[i]);
        double d1 = (log(s[i] / k[i]) + (r + 0.5 * v * v) * t[i]) / root;
        double d2 = d1 - root;
        call[i] = s[i] * N(d1) - k[i] * exp(-r * t[i]) * N(d2);
    }
}
""",
    (
        size("n"),
        array("input", "s", "n", values=between("5", "30")),
        array("input", "k", "n", values=between("1", "100")),
        array("input", "t", "n", values=between("0.25", "10")),
        scalar("r", low="0.01", high="0.05"),
        scalar("v", low="0.1", high="0.5"),
        array("output", "call", "n"),
    ),
    {"n": 400},
    reversed=("for (int i = 0; i < n; i++)", "for (int i = n - 1; i >= 0; i--)"),
    honest={
        "erfc, difference of logarithms, reciprocals": """#include <math.h>
#define N(x) (0.5 * erfc(-0.70710678118654752 * (x)))
void black_scholes(int n, const double *s, const double *k, const double *t, double r, double v, double *call)
{
    for (int i = 0; i < n; i++) {
        double root = v * sqrt(t[i]), over = 1 / root;
        double d1 = (log(s[i] / k[i]) + (r + 0.5 * v * v) * t[i]) * over;
        call[i] = s[i] * N(d1) - k[i] * exp(-r * t[i]) * N(d1 - root);
    }
}
"""
    },
)

FLOYD = Kernel(
    "floyd",
    "void floyd(int n, double *d)",
    """void floyd(int n, double *d)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (d[i * n + k] + d[k * n + j] < d[i * n + j])
                    d[i * n + j] = d[i * n + k] + d[k * n + j];
}
""",
    (size("n"), array("inout", "d", "n, n", values=between("1", "100"))),
    {"n": 40},
    reversed=("for (int j = 0; j < n; j++)", "for (int j = n - 1; j >= 0; j--)"),
)

GEMV = Kernel(
    "gemv",
    "void gemv(int m, int n, double A[m][n], double *x, double *y)",
    """void gemv(int m, int n, double A[restrict m][n], double x[restrict m], double y[restrict static n])
{
    for (int j = 0; j < n; j++)
        y[j] = 0.0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            y[j] += A[i][j] * x[i];
}
""",
    (size("m"), size("n"), array("input", "A", "m, n"), array("input", "x", "m"), array("output", "y", "n")),
    {"m": 300, "n": 20},
    reversed=("for (int i = 0; i < m; i++)", "for (int i = m - 1; i >= 0; i--)"),
    honest={
        "blocked": """void gemv(int m, int n, double A[m][n], double *x, double *y)
{
    for (int j = 0; j < n; j++) {
        double part[8] = {0};
        for (int i = 0; i < m; i++)
            part[i % 8] += A[i][j] * x[i];
        y[j] = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    }
}
"""
    },
    cheats={
        "sums in float": """void gemv(int m, int n, double A[m][n], double *x, double *y)
{
    for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int i = 0; i < m; i++)
            sum += A[i][j] * x[i];
        y[j] = sum;
    }
}
""",
        "mantissas of 48 bits": """#include <string.h>
static double cut(double x) { unsigned long b; memcpy(&b, &x, 8); b &= ~31ul; memcpy(&x, &b, 8); return x; }
void gemv(int m, int n, double A[m][n], double *x, double *y)
{
    for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int i = 0; i < m; i++)
            sum += cut(A[i][j]) * cut(x[i]);
        y[j] = sum;
    }
}
""",
    },
)

FFT = Kernel(
    "fft",
    "void fft(int n, double complex *x)",
    """#include <complex.h>
#include <math.h>
void fft(int n, double complex *x)
{
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double complex t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
    for (int len = 2; len <= n; len <<= 1)
        for (int i = 0; i < n; i += len)
            for (int k = 0; k < len / 2; k++) {
                double complex w = cexp(-2.0 * I * M_PI * k / len);
                double complex u = x[i + k], v = x[i + k + len / 2] * w;
                x[i + k] = u + v;
                x[i + k + len / 2] = u - v;
            }
}
""",
    (size("n"), array("inout", "x", "n", "complex128")),
    {"n": 256},
    preamble="#include <complex.h>",
    reversed=("for (int k = 0; k < len / 2; k++) {", "for (int k = len / 2 - 1; k >= 0; k--) {"),
    honest={
        "by its definition": """#include <complex.h>
#include <math.h>
#include <string.h>
void fft(int n, double complex *x)
{
    double complex y[n];
    for (int k = 0; k < n; k++) {
        y[k] = 0;
        for (int j = 0; j < n; j++)
            y[k] += x[j] * cexp(-2.0 * I * M_PI * (k * j % n) / n);
    }
    memcpy(x, y, sizeof y);
}
"""
    },
    cheats={
        "a table in float": """#include <complex.h>
#include <math.h>
void fft(int n, double complex *x)
{
    double complex y[n];
    for (int k = 0; k < n; k++) {
        y[k] = 0;
        for (int j = 0; j < n; j++) {
            float a = -2.0 * M_PI * (k * j % n) / n;
            y[k] += x[j] * (cosf(a) + I * sinf(a));
        }
    }
    for (int k = 0; k < n; k++)
        x[k] = y[k];
}
"""
    },
    lower=False,
)

MANDELBROT = Kernel(
    "mandelbrot",
    "void mandelbrot(int n, int limit, const double *re, const double *im, int *count)",
    """void mandelbrot(int n, int limit, const double *re, const double *im, int *count)
{
    for (int i = 0; i < n; i++) {
        double x = 0, y = 0;
        int k = 0;
        while (k < limit && x * x + y * y <= 4.0) {
            double t = x * x - y * y + re[i];
            y = 2.0 * x * y + im[i];
            x = t;
            k++;
        }
        count[i] = k;
    }
}
""",
    (
        size("n"),
        size("limit"),
        array("input", "re", "n", values=between("-2", "1")),
        array("input", "im", "n", values=between("-1", "1")),
        array("output", "count", "n", "int32"),
    ),
    {"n": 200, "limit": 100},
    reversed=("for (int i = 0; i < n; i++) {", "for (int i = n - 1; i >= 0; i--) {"),
    near=True,
    lower=False,
)

DOT = Kernel(
    "dot",
    "double dot(int n, const double *x, const double *y)",
    """double dot(int n, const double *x, const double *y)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}
""",
    (size("n"), array("input", "x", "n"), array("input", "y", "n")),
    {"n": 3000},
    returns="float64",
    reversed=("for (int i = 0; i < n; i++)", "for (int i = n - 1; i >= 0; i--)"),
    honest={
        "pairwise": """static double part(int n, const double *x, const double *y)
{
    if (n < 8) {
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += x[i] * y[i];
        return sum;
    }
    return part(n / 2, x, y) + part(n - n / 2, x + n / 2, y + n / 2);
}
double dot(int n, const double *x, const double *y) { return part(n, x, y); }
""",
        "Kahan": """double dot(int n, const double *x, const double *y)
{
    double sum = 0, c = 0;
    for (int i = 0; i < n; i++) {
        double t = x[i] * y[i] - c, s = sum + t;
        c = (s - sum) - t;
        sum = s;
    }
    return sum;
}
""",
    },
    cheats={
        "sums in float": """double dot(int n, const double *x, const double *y)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}
""",
        "the last term dropped": """double dot(int n, const double *x, const double *y)
{
    double sum = 0;
    for (int i = 0; i < n - 1; i++)
        sum += x[i] * y[i];
    return sum;
}
""",
    },
)

HORNER = Kernel(
    "horner",
    "void horner(int n, const double *c, const double *x, double *y)",
    """void horner(int n, const double *c, const double *x, double *y)
{
    for (int i = 0; i < n; i++) {
        double p = c[7];
        for (int k = 6; k >= 0; k--)
            p = p * x[i] + c[k];
        y[i] = p;
    }
}
""",
    (size("n"), array("input", "c", "8"), array("input", "x", "n"), array("output", "y", "n")),
    {"n": 300},
    reversed=("for (int i = 0; i < n; i++) {", "for (int i = n - 1; i >= 0; i--) {"),
    honest={
        "Estrin": """void horner(int n, const double *c, const double *x, double *y)
{
    for (int i = 0; i < n; i++) {
        double z = x[i], z2 = z * z, z4 = z2 * z2;
        y[i] = ((c[0] + c[1] * z) + (c[2] + c[3] * z) * z2) + ((c[4] + c[5] * z) + (c[6] + c[7] * z) * z2) * z4;
    }
}
"""
    },
)

NORMALISE = Kernel(
    "normalise",
    "void normalise(int n, struct plane p, double (*x)[3])",
    """#include <math.h>
static double length(const double *v) { return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }
void normalise(int n, struct plane p, double (*x)[3])
{
    for (int i = 0; i < n; i++) {
        double *v = x[i];
        double d = p.a * v[0] + p.b * v[1] + p.c * v[2], l = length(v);
        if (l > p.least)
            for (int k = 0; k < 3; k++)
                v[k] = v[k] / l + d;
    }
}
""",
    (
        size("n"),
        Argument(
            name="p",
            kind="scalar",
            fields=tuple(StructField(name=f, dtype="float64") for f in ("a", "b", "c", "least")),
        ),
        array("inout", "x", "n, 3"),
    ),
    {"n": 200},
    preamble="struct plane { double a, b, c, least; };",
    reversed=("for (int i = 0; i < n; i++) {", "for (int i = n - 1; i >= 0; i--) {"),
    honest={
        "by the reciprocal": """#include <math.h>
void normalise(int n, struct plane p, double (*x)[3])
{
    for (int i = 0; i < n; i++) {
        double *v = x[i];
        double d = p.c * v[2] + (p.a * v[0] + p.b * v[1]), l = sqrt(v[2] * v[2] + (v[1] * v[1] + v[0] * v[0]));
        double r = 1 / l;
        if (l > p.least)
            for (int k = 0; k < 3; k++)
                v[k] = v[k] * r + d;
    }
}
"""
    },
)

ALL = (
    AXPBY,
    CSR,
    STENCIL,
    LU,
    CHOLESKY,
    PREFIX,
    BLACK_SCHOLES,
    FLOYD,
    GEMV,
    FFT,
    MANDELBROT,
    DOT,
    HORNER,
    NORMALISE,
)
