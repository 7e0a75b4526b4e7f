"""Ways to write C, each built as it is and as an oracle, and compared: what differs would be seen as an error."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest

from benchmarks.margins.build import Drawn, ask, shared
from benchmarks.margins.kernels import Kernel, array, size
from hayate.records import SourceText
from hayate.running import COMPILER, FLAGS, oracle_text
from hayate.running.rewrite import rewritten

X = np.random.default_rng(0).uniform(-2, 2, 24)

WAYS = {
    "a type by macro and by typedef": """#define DATA_TYPE double
        typedef DATA_TYPE real;
        void f(int n, const DATA_TYPE *x, real *y) {
            for (int i = 0; i < n; i++) y[i] = (real)x[i] * 3 / (DATA_TYPE)7; }""",
    "arrays of variable size": """#include <stdlib.h>
        static void square(int n, double A[n][n], double (*restrict B)[n]) {
            for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) B[i][j] = A[j][i] * A[i][j]; }
        void f(int n, double *x, double *y) {
            int m = 4;
            double (*A)[m] = (double (*)[m])x, T[m][m], (*U)[m];
            U = malloc(m * sizeof *U);
            square(m, A, T); square(m, T, U);
            for (int i = 0; i < n; i++) y[i] = ((double (*)[m])U)[i / m % m][i % m] + T[i % m][1]
                + A[1][i % m];
            free(U); }""".replace("malloc(m * sizeof *U)", "malloc(m * m * sizeof(double))"),
    "three dimensions": """static double sum(int a, int b, int c, double p[a][b][c]) {
            double s = 0; for (int i = 0; i < a; i++) for (int j = 0; j < b; j++) for (int k = 0; k < c;
                k++) s += p[i][j][k] * (i + 2 * j - k);
            return s; }
        static double row(int n, double r[static n]) { double s = 0; for (int i = 0; i < n;
                i++) s += r[i]; return s; }
        void f(int n, double *x, double *y) {
            double (*p)[3][4] = (double (*)[3][4])x; int c = 4; double (*q)[3][c] = (void *)x;
            for (int i = 0; i < n; i++) y[i] = sum(2, 3, 4, p) + q[1][i % 3][i % c] + row(c, q[0][2]); }""",
    "memory": """#include <stdlib.h>
        #include <string.h>
        void f(int n, const double *x, double *y) {
            double *a = malloc(n * sizeof(double)), *b = (double *)calloc(n, sizeof *b);
            memcpy(a, x, n * sizeof(double)); memmove(a + 1, a, (n - 1) * sizeof *a);
                memset(y, 0, sizeof(double) * n);
            for (int i = 0; i < n; i++) b[i] += a[i] * x[n - 1 - i];
            const double *p = b, *end = b + n; double *q = y;
            while (p < end) *q++ = *p++ + 1;
            free(a); free(b); }""",
    "initialisers": """struct pair { double a, b; int k; };
        static const double table[4] = {0.5, 1, 1e-3, 3};
        static const struct pair pairs[2] = {{.b = 2.5, .a = 1}, {1, 2, 3}};
        void f(int n, const double *x, double *y) {
            struct pair p = {.k = 3, .a = 0.1}; int places[6] = {[4] = 2, [1] = 1};
            for (int i = 0; i < n; i++) {
                p = (struct pair){.a = x[i], .b = p.a, .k = 2};
                y[i] = p.a * table[i & 3] + p.b * pairs[i & 1].b + p.k + places[i % 6]; } }""",
    "names that are words of C++": """static double new(double this) { return this * 0.3; }
        struct class { double template; };
        void f(int n, const double *x, double *y) {
            struct class private = {2}; double delete = 1.5;
            for (int operator = 0; operator < n; operator++)
                y[operator] = new(x[operator]) * delete + private.template; }""",
    "jumps": """void f(int n, const double *x, double *y) {
            for (int i = 0; i < n; i++) {
                const double a = x[i]; y[i] = 0;
                if (a > 1) goto next;
                const double b = a * a, *p = &x[i]; double c = b + *p;
                switch (i % 3) { case 0: ; double d = c * 2; y[i] = d; break; case 1: y[i] = c; break;
                default: y[i] = -c; }
            next: y[i] += 0.1; } }""",
    "choices": """#include <math.h>
        #define MAX(a, b) ((a) > (b) ? (a) \\
                                     : (b))
        #define CLAMP(v, lo, hi) (MAX(lo, (v) < (hi) ? (v) : (hi)))
        void f(int n, const double *x, double *y) {
            double top = x[0]; int at = 0;
            for (int i = 0; i < n; i++) {
                double v = x[i] * 1.1;
                if (v > top) top = v;
                if (x[i] > x[at]) { at = i; }
                if (v < 0) v = -v;
                double w = x[i] > 0 ? x[i] : 0.01 * x[i];
                if (w > 0.5) w *= 2; else w = 3;
                double z = i > 0 ? x[i - 1] : 0;
                y[i] = CLAMP(v, 0.25, 1.5f) + w + z + (x[i] < 0.0 ? -x[i] : x[i]) + top + at
                    + (i ? 1 : 0.5) + fmax(v, 1); } }""",
    "functions": """#include <math.h>
        void f(int n, const double *x, double *y) {
            for (int i = 0; i < n; i++) {
                double a = fabs(x[i]) + 0.1;
                y[i] = exp(x[i]) + log(a) + sin(x[i]) * cos(x[i]) + tan(0.3 * x[i]) + atan2(x[i], a)
                + tanh(x[i]) + erf(x[i]) + pow(a, 1.7)
                    + cbrt(x[i]) + hypot(x[i], a) + fmod(a, 0.7) + floor(3 * x[i]) + ceil(x[i])
                + rint(x[i]) + fma(x[i], a, 1) + copysign(a, x[i])
                    + fmin(a, 1) + log1p(a) + expm1(x[i]) + exp2(x[i]) + log2(a) + log10(a)
                + asin(x[i] / 3) + acos(x[i] / 3) + atan(a) + sinh(a)
                    + cosh(a) + erfc(a) + lgamma(a + 1) + trunc(x[i]) + round(x[i]) + ldexp(a, 3)
                    + (isnan(a) ? 1 : 0) + M_PI * sqrt(a); } }""",
    "integers from numbers": """#include <math.h>
        void f(int n, const double *x, double *y) {
            int total = 0; float half = 0.5;
            for (int i = 0; i < n; i++) {
                int k = x[i] * 4; k += x[i]; total += (int)floor(x[i]) + lrint(x[i] * 3);
                y[(int)(i + half)] = k + total % 7 + (x[i] && !0) + !x[i] + i / 2 * half; } }""",
    "complex numbers": """#include <complex.h>
        #include <math.h>
        void f(int n, const double *x, double *y) {
            for (int i = 0; i < n; i++) {
                double complex z = x[i] + 2 * I, w = cexp(I * x[i]) * conj(z); double _Complex v = z;
                w /= z; w += 1; v = v * v - w;
                y[i] = creal(w) + cimag(v) * cabs(z) + carg(z) + creal(csqrt(z)) + (double)clog(z); } }""",
    "pragmas and asides": """void f(int n, const double *restrict x, double *restrict y) {
        #pragma omp parallel for
            for (register int i = 0; i < n; i++) { // a remark with "quotes" and 1.5
                _Bool odd = i & 1; /* another,
                                      of two lines */
                y[i] = odd ? x[i] : 1.e0 + .5 * x[i]; y[i]++; y[i] -= 2, y[i] *= -1; y[i] /= 3; } }""",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_write_c_means_the_same_in_running_numbers(way: str, compare: Any) -> None:
    known = compare(WAYS[way], X)
    assert known.near == 0
    assert all(np.isfinite(bound).all() for bound in known.bound)
    assert all((bound < 1e-11).all() for bound in known.bound)


def test_float_is_rounded_as_float_and_double_as_double(compare: Any) -> None:
    text = """void f(int n, const float *x, float *y) {
        for (int i = 0; i < n; i++) { double s = x[i] * (double)x[n - 1 - i]; s += x[0]; y[i] = s; } }"""
    once = compare(text, X, dtype="float32")
    per = compare(text.replace("double", "float"), X, dtype="float32")
    assert (once.bound[0] < per.bound[0]).mean() > 0.9
    # One rounding to float, with the allowance and that of the result itself, of what the sum is made of.
    terms = np.abs(np.float32(X) * np.float32(X[::-1])) + abs(X[0])
    assert (once.bound[0] <= 3.01 * 2.0**-24 * terms + 1e-30).all()


def test_a_literal_takes_the_precision_of_what_it_meets(compare: Any) -> None:
    text = """#include <math.h>
        void f(int n, const float *x, float *y) {
            for (int i = 0; i < n; i++) y[i] = 0.1 * x[i] * sin(x[i]) + 1.0 / 3; }"""
    known = compare(text, X, dtype="float32")
    assert (known.bound[0] > 4 * 2.0**-24 * np.abs(known.want[0])).all()


def test_lines_stay_where_they_were() -> None:
    text = WAYS["choices"] + "\n#error here\n"
    after = rewritten(text, "c").text
    assert after.split("\n").index("#error here") == text.split("\n").index("#error here")


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++: apt install g++")
def test_cxx_becomes_running_numbers(tmp_path: Any) -> None:
    text = """#include <algorithm>
#include <cmath>
#include <vector>
template <class T> T square(T x) { return x * x; }
void f(int n, const double *x, double *y)
{
    std::vector<double> v(x, x + n);
    auto half = 0.5;
    double top = std::max(v[0], 0.25);
    for (int i = 0; i < n; i++)
        y[i] = static_cast<double>(square(v[i])) * half + std::sqrt(std::abs(v[i])) + std::min(top, v[i]);
}
"""
    kernel = Kernel(
        "f", "void f()", text, (size("n"), array("input", "x", "n"), array("output", "y", "n")), {"n": 24}
    )
    task = kernel.task.model_copy(update={"reference": SourceText(name="reference.cpp", text=text)})
    known = ask(
        kernel, shared(oracle_text(task), ".cpp", (COMPILER, *FLAGS), tmp_path), Drawn([24, X, 0 * X], [])
    )
    want = X**2 / 2 + np.sqrt(np.abs(X)) + np.minimum(max(X[0], 0.25), X)
    assert (np.abs(known.want[0] - want) <= known.bound[0]).all() and (known.bound[0] < 1e-14).all()
