"""Rewritings about which one can argue: which of them do the bounds let pass?"""

from __future__ import annotations

from benchmarks.margins.kernels import Kernel, array, between, size

VARIANCE = Kernel(
    "variance",
    "float variance(int n, const float *x)",
    """float variance(int n, const float *x)
{
    float mean = 0, sum = 0;
    for (int i = 0; i < n; i++)
        mean += x[i];
    mean /= n;
    for (int i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / n;
}
""",
    (size("n"), array("input", "x", "n", "float32", between("0", "4"))),
    {"n": 200},
    returns="float32",
    disputed={
        "mean of squares less square of the mean": """float variance(int n, const float *x)
{
    float s = 0, q = 0;
    for (int i = 0; i < n; i++) {
        s += x[i];
        q += x[i] * x[i];
    }
    return q / n - (s / n) * (s / n);
}
""",
        "Welford": """float variance(int n, const float *x)
{
    float mean = 0, sum = 0;
    for (int i = 0; i < n; i++) {
        float d = x[i] - mean;
        mean += d / (i + 1);
        sum += d * (x[i] - mean);
    }
    return sum / n;
}
""",
        "each term divided": """float variance(int n, const float *x)
{
    float mean = 0, sum = 0, r = 1.0f / n;
    for (int i = 0; i < n; i++)
        mean += x[i] * r;
    for (int i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean) * r;
    return sum;
}
""",
    },
)

COMPLEX_PRODUCT = Kernel(
    "complex_product",
    "void complex_product(int n, const double complex *x, const double complex *y, double complex *z)",
    """#include <complex.h>
void complex_product(int n, const double complex *x, const double complex *y, double complex *z)
{
    for (int i = 0; i < n; i++)
        z[i] = x[i] * y[i];
}
""",
    (
        size("n"),
        array("input", "x", "n", "complex128"),
        array("input", "y", "n", "complex128"),
        array("output", "z", "n", "complex128"),
    ),
    {"n": 300},
    preamble="#include <complex.h>",
    disputed={
        "three products": """#include <complex.h>
void complex_product(int n, const double complex *x, const double complex *y, double complex *z)
{
    for (int i = 0; i < n; i++) {
        double a = creal(x[i]), b = cimag(x[i]), c = creal(y[i]), d = cimag(y[i]);
        double p = a * c, q = b * d;
        z[i] = (p - q) + I * ((a + b) * (c + d) - p - q);
    }
}
"""
    },
    lower=False,
)

FILTER = Kernel(
    "filter",
    "void filter(int n, const float *x, const float *g, float *y)",
    """void filter(int n, const float *x, const float *g, float *y)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] * g[0] + x[i + 1] * g[1] + x[i + 2] * g[2];
}
""",
    (
        size("n"),
        array("input", "x", "n + 2", "float32"),
        array("input", "g", "3", "float32"),
        array("output", "y", "n", "float32"),
    ),
    {"n": 300},
    disputed={
        "Winograd F(2, 3)": """void filter(int n, const float *x, const float *g, float *y)
{
    float g1 = (g[0] + g[1] + g[2]) / 2, g2 = (g[0] - g[1] + g[2]) / 2;
    for (int i = 0; i + 1 < n; i += 2) {
        float m1 = (x[i] - x[i + 2]) * g[0], m2 = (x[i + 1] + x[i + 2]) * g1;
        float m3 = (x[i + 2] - x[i + 1]) * g2, m4 = (x[i + 1] - x[i + 3]) * g[2];
        y[i] = m1 + m2 + m3;
        y[i + 1] = m2 - m3 - m4;
    }
    if (n % 2)
        y[n - 1] = x[n - 1] * g[0] + x[n] * g[1] + x[n + 1] * g[2];
}
"""
    },
)

SIGMOID = Kernel(
    "sigmoid",
    "void sigmoid(int n, const float *x, float *y)",
    """#include <math.h>
void sigmoid(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++)
        y[i] = tanhf(x[i]) + 1.0f / (1.0f + expf(-x[i]));
}
""",
    (
        size("n"),
        array("input", "x", "n", "float32", between("-20", "20")),
        array("output", "y", "n", "float32"),
    ),
    {"n": 500},
    disputed={
        "exponentials only": """#include <math.h>
void sigmoid(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++)
        y[i] = (1 - 2 / (expf(2 * x[i]) + 1)) + 1 / (1 + expf(-x[i]));
}
""",
        "tanh for the second": """#include <math.h>
void sigmoid(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++)
        y[i] = tanhf(x[i]) + (0.5f + 0.5f * tanhf(0.5f * x[i]));
}
""",
    },
)

DISTANCE = Kernel(
    "distance",
    "void distance(int n, int k, const float *x, const float *y, float *d)",
    """void distance(int n, int k, const float *x, const float *y, float *d)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            float sum = 0;
            for (int p = 0; p < k; p++) {
                float t = x[i * k + p] - y[j * k + p];
                sum += t * t;
            }
            d[i * n + j] = sum;
        }
}
""",
    (
        size("n"),
        size("k"),
        array("input", "x", "n, k", "float32"),
        array("input", "y", "n, k", "float32"),
        array("output", "d", "n, n", "float32"),
    ),
    {"n": 20, "k": 30},
    disputed={
        "expanded squares": """void distance(int n, int k, const float *x, const float *y, float *d)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            float a = 0, b = 0, c = 0;
            for (int p = 0; p < k; p++) {
                a += x[i * k + p] * x[i * k + p];
                b += y[j * k + p] * y[j * k + p];
                c += x[i * k + p] * y[j * k + p];
            }
            d[i * n + j] = a - 2 * c + b;
        }
}
"""
    },
)

RECURRENCE = Kernel(
    "recurrence",
    "void recurrence(int n, const double *x, double *y)",
    """void recurrence(int n, const double *x, double *y)
{
    y[0] = x[0];
    for (int i = 1; i < n; i++)
        y[i] = 0.9 * y[i - 1] + x[i];
}
""",
    (size("n"), array("input", "x", "n"), array("output", "y", "n")),
    {"n": 400},
    disputed={
        "two steps at once": """void recurrence(int n, const double *x, double *y)
{
    y[0] = x[0];
    if (n > 1)
        y[1] = 0.9 * y[0] + x[1];
    for (int i = 2; i < n; i++)
        y[i] = 0.81 * y[i - 2] + (0.9 * x[i - 1] + x[i]);
}
"""
    },
)

ALL = (VARIANCE, COMPLEX_PRODUCT, FILTER, SIGMOID, DISTANCE, RECURRENCE)
