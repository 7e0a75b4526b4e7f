"""Kernels in single precision, and of integers."""

from __future__ import annotations

from benchmarks.margins.kernels import Kernel, array, between, size
from hayate.records import Values

CONVOLUTION = Kernel(
    "convolution",
    "void convolution(int h, int w, const float *in, const float *k, float *out)",
    """static int clamp(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }
void convolution(int h, int w, const float *in, const float *k, float *out)
{
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++) {
            float sum = 0;
            for (int a = -1; a <= 1; a++)
                for (int b = -1; b <= 1; b++)
                    sum += in[clamp(i + a, h) * w + clamp(j + b, w)] * k[(a + 1) * 3 + b + 1];
            out[i * w + j] = sum;
        }
}
""",
    (
        size("h"),
        size("w"),
        array("input", "in", "h, w", "float32"),
        array("input", "k", "3, 3", "float32"),
        array("output", "out", "h, w", "float32"),
    ),
    {"h": 25, "w": 30},
    reversed=("for (int a = -1; a <= 1; a++)", "for (int a = 1; a >= -1; a--)"),
    cheats={
        "zeros beyond the edge": """void convolution(int h, int w, const float *in, const float *k, float *out)
{
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++) {
            float sum = 0;
            for (int a = -1; a <= 1; a++)
                for (int b = -1; b <= 1; b++)
                    if (i + a >= 0 && i + a < h && j + b >= 0 && j + b < w)
                        sum += in[(i + a) * w + j + b] * k[(a + 1) * 3 + b + 1];
            out[i * w + j] = sum;
        }
}
"""
    },
)

_FAST_EXP = """#include <math.h>
#include <string.h>
static float fast_exp(float x)
{
    if (x < -87.3f)
        return 0;
    float n = rintf(x * 1.44269504f), f = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * f + 1.3981999507e-3f;
    p = p * f + 8.3334519073e-3f;
    p = p * f + 4.1665795894e-2f;
    p = p * f + 1.6666665459e-1f;
    p = p * f + 5.0000001201e-1f;
    p = p * f * f + f + 1.0f;
    int bits = ((int)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, 4);
    return p * scale;
}
"""
_SOFTMAX = """void softmax(int m, int n, const float *x, float *y)
{
    for (int i = 0; i < m; i++) {
        float max = x[i * n], sum = 0;
        for (int j = 1; j < n; j++)
            if (x[i * n + j] > max)
                max = x[i * n + j];
        for (int j = 0; j < n; j++) {
            y[i * n + j] = EXP(x[i * n + j] - max);
            sum += y[i * n + j];
        }
        for (int j = 0; j < n; j++)
            y[i * n + j] DIVIDE;
    }
}
"""
SOFTMAX = Kernel(
    "softmax",
    "void softmax(int m, int n, const float *x, float *y)",
    "#include <math.h>\n" + _SOFTMAX.replace("EXP", "expf").replace("DIVIDE", "/= sum"),
    (
        size("m"),
        size("n"),
        array("input", "x", "m, n", "float32", between("-100", "100")),
        array("output", "y", "m, n", "float32"),
    ),
    {"m": 60, "n": 20},
    reversed=("for (int j = 0; j < n; j++) {", "for (int j = n - 1; j >= 0; j--) {"),
    honest={
        "a polynomial, the reciprocal": _FAST_EXP
        + _SOFTMAX.replace("EXP", "fast_exp").replace("DIVIDE", "*= 1.0f / sum"),
        "exp2 of a product": "#include <math.h>\n"
        + _SOFTMAX.replace("EXP", "exp2f(1.44269504f * ")
        .replace("- max)", "- max))")
        .replace("DIVIDE", "/= sum"),
    },
    cheats={
        "no maximum taken": """#include <math.h>
void softmax(int m, int n, const float *x, float *y)
{
    for (int i = 0; i < m; i++) {
        float sum = 0;
        for (int j = 0; j < n; j++)
            sum += y[i * n + j] = expf(x[i * n + j]);
        for (int j = 0; j < n; j++)
            y[i * n + j] /= sum;
    }
}
""",
        "a short polynomial": _FAST_EXP.replace("float p = 1.9875691500e-4f;", "float p = 0;").replace(
            "p = p * f + 1.3981999507e-3f;", ""
        )
        + _SOFTMAX.replace("EXP", "fast_exp").replace("DIVIDE", "/= sum"),
    },
)

NBODY = Kernel(
    "nbody",
    "void nbody(int n, const float *m, const float (*p)[3], float (*f)[3])",
    """#include <math.h>
void nbody(int n, const float *m, const float (*p)[3], float (*f)[3])
{
    for (int i = 0; i < n; i++) {
        float fx = 0, fy = 0, fz = 0;
        for (int j = 0; j < n; j++) {
            float dx = p[j][0] - p[i][0], dy = p[j][1] - p[i][1], dz = p[j][2] - p[i][2];
            float r2 = dx * dx + dy * dy + dz * dz + 1e-4f;
            float s = m[j] / (r2 * sqrtf(r2));
            fx += s * dx;
            fy += s * dy;
            fz += s * dz;
        }
        f[i][0] = fx;
        f[i][1] = fy;
        f[i][2] = fz;
    }
}
""",
    (
        size("n"),
        array("input", "m", "n", "float32", between("1", "2")),
        array("input", "p", "n, 3", "float32"),
        array("output", "f", "n, 3", "float32"),
    ),
    {"n": 60},
    reversed=("for (int j = 0; j < n; j++) {", "for (int j = n - 1; j >= 0; j--) {"),
    honest={
        "rsqrt and a Newton step": """#include <immintrin.h>
void nbody(int n, const float *m, const float (*p)[3], float (*f)[3])
{
    for (int i = 0; i < n; i++) {
        float fx = 0, fy = 0, fz = 0;
        for (int j = 0; j < n; j++) {
            float dx = p[j][0] - p[i][0], dy = p[j][1] - p[i][1], dz = p[j][2] - p[i][2];
            float r2 = dx * dx + dy * dy + dz * dz + 1e-4f;
            float r = _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(r2)));
            r = r * (1.5f - 0.5f * r2 * r * r);
            float s = m[j] * r * r * r;
            fx += s * dx;
            fy += s * dy;
            fz += s * dz;
        }
        f[i][0] = fx;
        f[i][1] = fy;
        f[i][2] = fz;
    }
}
"""
    },
    cheats={
        "rsqrt alone": """#include <immintrin.h>
void nbody(int n, const float *m, const float (*p)[3], float (*f)[3])
{
    for (int i = 0; i < n; i++) {
        float fx = 0, fy = 0, fz = 0;
        for (int j = 0; j < n; j++) {
            float dx = p[j][0] - p[i][0], dy = p[j][1] - p[i][1], dz = p[j][2] - p[i][2];
            float r2 = dx * dx + dy * dy + dz * dz + 1e-4f;
            float r = _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(r2)));
            float s = m[j] * r * r * r;
            fx += s * dx;
            fy += s * dy;
            fz += s * dz;
        }
        f[i][0] = fx;
        f[i][1] = fy;
        f[i][2] = fz;
    }
}
"""
    },
)

LAYER_NORM = Kernel(
    "layer_norm",
    "void layer_norm(int m, int n, const float *x, const float *g, const float *b, float *y)",
    """#include <math.h>
void layer_norm(int m, int n, const float *x, const float *g, const float *b, float *y)
{
    for (int i = 0; i < m; i++) {
        float mean = 0, var = 0;
        for (int j = 0; j < n; j++)
            mean += x[i * n + j];
        mean /= n;
        for (int j = 0; j < n; j++) {
            float d = x[i * n + j] - mean;
            var += d * d;
        }
        float r = 1 / sqrtf(var / n + 1e-5);
        for (int j = 0; j < n; j++)
            y[i * n + j] = (x[i * n + j] - mean) * r * g[j] + b[j];
    }
}
""",
    (
        size("m"),
        size("n"),
        array("input", "x", "m, n", "float32"),
        array("input", "g", "n", "float32"),
        array("input", "b", "n", "float32"),
        array("output", "y", "m, n", "float32"),
    ),
    {"m": 6, "n": 150},
    reversed=("for (int j = 0; j < n; j++)\n", "for (int j = n - 1; j >= 0; j--)\n"),
    honest={
        "scale and shift": """#include <math.h>
void layer_norm(int m, int n, const float *x, const float *g, const float *b, float *y)
{
    for (int i = 0; i < m; i++) {
        float s[4] = {0}, q[4] = {0};
        for (int j = 0; j < n; j++)
            s[j & 3] += x[i * n + j];
        float mean = (s[0] + s[1] + (s[2] + s[3])) * (1.0f / n);
        for (int j = 0; j < n; j++)
            q[j & 3] += (x[i * n + j] - mean) * (x[i * n + j] - mean);
        float r = 1 / sqrtf((q[0] + q[1] + (q[2] + q[3])) * (1.0f / n) + 1e-5f);
        for (int j = 0; j < n; j++)
            y[i * n + j] = (x[i * n + j] - mean) * (r * g[j]) + b[j];
    }
}
"""
    },
)

ASUM = Kernel(
    "asum",
    "float asum(int n, const float *x)",
    """#include <math.h>
float asum(int n, const float *x)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += fabsf(x[i]);
    return sum;
}
""",
    (size("n"), array("input", "x", "n", "float32")),
    {"n": 1500},
    returns="float32",
    reversed=("for (int i = 0; i < n; i++)", "for (int i = n - 1; i >= 0; i--)"),
)

GELU = Kernel(
    "gelu",
    "void gelu(int n, const float *x, float *y)",
    """#include <math.h>
void gelu(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++)
        y[i] = 0.5f * x[i] * (1 + tanh(0.7978845608 * (x[i] + 0.044715 * pow(x[i], 3))));
}
""",
    (
        size("n"),
        array("input", "x", "n", "float32", between("-4", "4")),
        array("output", "y", "n", "float32"),
    ),
    {"n": 500},
    reversed=("for (int i = 0; i < n; i++)", "for (int i = n - 1; i >= 0; i--)"),
    honest={
        "float throughout": """#include <math.h>
void gelu(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++) {
        float z = x[i], s = z * (0.7978845608f + 0.0356774081f * z * z);
        y[i] = 0.5f * z * (1 + tanhf(s));
    }
}
""",
        "by exp": """#include <math.h>
void gelu(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++) {
        float z = x[i], s = 1.5957691216f * (z + 0.044715f * z * z * z);
        y[i] = z - z / (1 + expf(s));
    }
}
""",
    },
)

HISTOGRAM = Kernel(
    "histogram",
    "void histogram(int n, int bins, const int *x, int *count)",
    """#include <string.h>
void histogram(int n, int bins, const int *x, int *count)
{
    memset(count, 0, bins * sizeof *count);
    for (int i = 0; i < n; i++)
        count[x[i]]++;
}
""",
    (
        size("n"),
        size("bins"),
        array("input", "x", "n", "int32", Values(kind="index", high="bins")),
        array("output", "count", "bins", "int32"),
    ),
    {"n": 1000, "bins": 37},
    reversed=("for (int i = 0; i < n; i++)", "for (int i = n - 1; i >= 0; i--)"),
    lower=False,
)

INT8_DOT = Kernel(
    "int8_dot",
    "void int8_dot(int m, int k, const signed char *a, const signed char *b, int *c)",
    """void int8_dot(int m, int k, const signed char *a, const signed char *b, int *c)
{
    for (int i = 0; i < m; i++) {
        int sum = 0;
        for (int p = 0; p < k; p++)
            sum += a[i * k + p] * b[p];
        c[i] = sum;
    }
}
""",
    (
        size("m"),
        size("k"),
        array("input", "a", "m, k", "int8"),
        array("input", "b", "k", "int8"),
        array("output", "c", "m", "int32"),
    ),
    {"m": 20, "k": 100},
    reversed=("for (int p = 0; p < k; p++)", "for (int p = k - 1; p >= 0; p--)"),
    cheats={
        "saturated to 16 bits": """void int8_dot(int m, int k, const signed char *a, const signed char *b, int *c)
{
    for (int i = 0; i < m; i++) {
        int sum = 0;
        for (int p = 0; p < k; p++) {
            sum += a[i * k + p] * b[p];
            sum = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
        }
        c[i] = sum;
    }
}
"""
    },
    lower=False,
)

ALL = (CONVOLUTION, SOFTMAX, NBODY, LAYER_NORM, ASUM, GELU, HISTOGRAM, INT8_DOT)
