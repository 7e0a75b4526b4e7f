"""What a function needs comes along, in a text that compiles alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hayate.new import Found, guess, read, try_out
from hayate.toolchains import compilers

EVERYTHING = """// Größen, 行列
#include <math.h>
#include <stdio.h>
#include "types.h"
#define IDX(i, j) ((i) * n + (j))
#define UNUSED 3
#ifdef SINGLE
typedef float real;
#else
typedef double real;
#endif
static const double weights[3] = {1, 2, 3};
static double unused[4];
static inline real helper(real x) { return x * (real)weights[1] + (real)M_PI; }
static void show(double x) { printf("%g", x); }
static inline void
kernel(const count_t n, const real *restrict A, /* entrée */
       real *restrict B)
{
#pragma omp parallel for
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
#ifdef FANCY
      B[IDX(i, j)] = 0;
#else
      B[IDX(i, j)] = helper(A[IDX(i, j)]);
#endif
    }
}
int main(void) { show(unused[0]); return 0; }
"""


needs_cxx = pytest.mark.skipif(
    not any(c.cxx for c in compilers()), reason="no compiler of C++: apt install g++"
)


def compiles(found: Found, folder: Path) -> bool:
    """The reference, and the declaration with its preamble, each alone."""
    suffix, compiler = (
        ("c", ["gcc", "-std=gnu17"]) if found.language == "c" else ("cpp", ["g++", "-std=gnu++17"])
    )
    (folder / f"r.{suffix}").write_text(found.reference)
    (folder / f"d.{suffix}").write_text(f"{found.preamble}\n{found.declaration};\n")
    flags = [] if found.language == "c" else ["-Drestrict=__restrict"]
    for name in ("r", "d"):
        done = subprocess.run(
            [*compiler, *flags, "-Wall", "-c", f"{name}.{suffix}"], cwd=folder, capture_output=True
        )
        if done.returncode:
            print(done.stderr.decode())
            return False
    symbols = subprocess.run(["nm", "r.o"], cwd=folder, capture_output=True, text=True).stdout
    return f" T {found.entry}\n" in symbols


def test_what_it_needs_comes_along_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "types.h").write_text("#pragma once\ntypedef int count_t;\n")
    (tmp_path / "a.c").write_text(EVERYTHING)
    found = read(tmp_path / "a.c", "kernel", includes=[tmp_path / "include"])
    assert compiles(found, tmp_path)
    for kept in (
        "#define IDX(i,j)",
        "typedef double real;",
        "typedef int count_t;",
        "weights[3]",
        "helper(real x)",
    ):
        assert kept in found.reference
    for kept in ("#pragma omp parallel for", "/* entrée */", "helper(A[IDX(i, j)])", "#ifdef FANCY", "M_PI"):
        assert kept in found.reference
    for left in ("UNUSED", "unused", "printf", "stdio.h", "main", "typedef float", "types.h"):
        assert left not in found.reference
    assert found.declaration == "void kernel(const count_t n, const real *restrict A, real *restrict B)"
    assert [p.name for p in found.parameters] == ["n", "A", "B"]
    assert [p.type.dtype for p in found.parameters] == ["int32", "float64", "float64"]
    assert [p.type.const for p in found.parameters] == [False, True, False]
    single = read(tmp_path / "a.c", "kernel", includes=[tmp_path / "include"], defines=["SINGLE"])
    assert single.parameters[1].type.dtype == "float32"


@pytest.mark.parametrize("written", ["crlf", "bom", "both", "latin-1"])
def test_files_as_they_come(tmp_path: Path, written: str) -> None:
    folder = tmp_path / "Größe 行列"
    folder.mkdir()
    path = folder / "kérnel.c"
    text = EVERYTHING.replace('#include "types.h"', "typedef int count_t;")
    if written in ("crlf", "both"):
        text = text.replace("\n", "\r\n")
    if written == "latin-1":
        text = text.replace(", 行列", "")
    data = text.encode("latin-1" if written == "latin-1" else "utf-8")
    path.write_bytes((b"\xef\xbb\xbf" if written in ("bom", "both") else b"") + data)
    found = read(path, "kernel")
    assert compiles(found, tmp_path)
    assert "\r" not in found.reference and "\ufeff" not in found.reference
    assert "/* entrée */" in found.reference
    draft = guess(found, sizes=[{"n": 16}])
    assert [(a.kind, a.shape) for a in draft.arguments] == [
        ("size", ()),
        ("input", ("n", "n")),
        ("output", ("n", "n")),
    ]
    assert "line 2" in next(g.why for g in draft.guesses if g.about == "B" and g.what == "shape")


def test_a_head_that_a_macro_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text(
        "#define KERNEL(name) static __attribute__((noinline)) void name\n#define N 8\n"
        "KERNEL(scale)(int n, double (*x)[N]) {\n  for (int i = 0; i < n; i++)\n    for (int j = 0; j < N; j++)\n"
        "      x[i][j] *= 2;\n}\n"
    )
    found = read(path, "scale")
    assert compiles(found, tmp_path)
    assert found.declaration == "void scale(int n, double (*x)[8])"
    assert guess(found, sizes=[{"n": 9}]).argument("x").shape == ("n", "8")


def test_recursion_and_prototypes(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text(
        "static double sum(const double *x, int n);\n"
        "static double sum(const double *x, int n)\n{\n  if (n == 1) return x[0];\n"
        "  return sum(x, n / 2) + sum(x + n / 2, n - n / 2);\n}\n"
    )
    found = read(path, "sum")
    assert compiles(found, tmp_path)
    draft = guess(found, sizes=[{"n": 64}])
    assert draft.returns == "float64"
    assert draft.argument("x").shape == ("n",)
    assert draft.argument("n").kind == "size"


@needs_cxx
def test_cxx_with_c_linkage(tmp_path: Path) -> None:
    path = tmp_path / "a.cpp"
    path.write_text(
        "#include <algorithm>\n#include <cmath>\nnamespace { constexpr double low = 0.25; }\n"
        "static double clip(double x) { return std::max(low, std::sqrt(x)); }\n"
        "void clipped(int n, const double *__restrict x, double *__restrict y) {\n"
        "  for (int i = 0; i < n; ++i) y[i] = clip(x[i]);\n}\n"
    )
    found = read(path, "clipped")
    assert compiles(found, tmp_path)
    tried = try_out(guess(found, sizes=[{"n": 100}]), found)
    assert not tried.problems
    x = tried.draft.argument("x")
    assert x.values is not None
    assert (x.kind, x.shape, x.values.kind) == ("input", ("n",), "uniform")


@needs_cxx
@pytest.mark.parametrize(
    ("text", "function", "declaration"),
    [
        (
            "namespace a { namespace b {\nvoid f(int n, double *x) { for (int i = 0; i < n; ++i) x[i] += 1; }\n} }\n",
            "f",
            "void f(int n, double *x)",
        ),
        (
            "void f(int n, const double &s, double *x) { for (int i = 0; i < n; ++i) x[i] *= s; }\n",
            "f_plain",
            "void f_plain(int n, double s, double *x)",
        ),
        (
            "void f(int n, const double *x, double &s) { s = 0; for (int i = 0; i < n; ++i) s += x[i]; }\n",
            "f_plain",
            "void f_plain(int n, const double *x, double *s)",
        ),
    ],
)
def test_cxx_that_a_wrapper_makes_callable(
    tmp_path: Path, text: str, function: str, declaration: str
) -> None:
    path = tmp_path / "a.cpp"
    path.write_text(text)
    found = read(path, "f")
    assert compiles(found, tmp_path)
    assert found.entry == function
    assert found.declaration == declaration
    draft = guess(found, sizes=[{"n": 50}])
    assert not try_out(draft, found).problems
    if "&s) { s" in text:
        assert (draft.argument("s").kind, draft.argument("s").shape) == ("output", ("1",))


def test_shadowed_names_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text(
        "void f(int n, const double *x, const double *d, double *y) {\n"
        "  for (int i = 0; i < n; i++) { double s = d[i]; y[i] = 1 / s; }\n"
        "  for (int i = 0; i < n; i++) { double s = x[i]; y[i] += s; }\n}\n"
    )
    draft = guess(read(path, "f"), sizes=[{"n": 64}])
    values = {a.name: a.values.kind for a in draft.arguments if a.values is not None}
    assert values == {"x": "real", "d": "uniform"}


@pytest.mark.skipif(not compilers()[0].openmp, reason="no OpenMP run time: apt install libgomp1")
def test_calls_of_openmp(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text(
        "#include <omp.h>\ndouble f(const double *x, long n) {\n  double s = 0;\n"
        "#pragma omp parallel for reduction(+ : s) num_threads(omp_get_max_threads())\n"
        "  for (long i = 0; i < n; i++) s += x[i];\n  return s;\n}\n"
    )
    found = read(path, "f")
    assert "omp.h" in found.headers
    draft = guess(found, sizes=[{"n": 64}])
    assert draft.argument("x").shape == ("n",)
    assert not try_out(draft, found).problems


@needs_cxx
@pytest.mark.parametrize(
    ("function", "name", "dtype", "shape"),
    [
        ("spectrum", "in", "complex128", ("n",)),
        ("add", "c", "float32", ("n", "3")),
        ("smooth", "y", "float64", ("n",)),
    ],
)
def test_cxx_as_people_write_it(
    tmp_path: Path, function: str, name: str, dtype: str, shape: tuple[str, ...]
) -> None:
    path = tmp_path / "a.cc"
    path.write_text(
        "#include <complex>\n#include <vector>\ntemplate <typename T> static T square(T v) { return v * v; }\n"
        "struct Vec3 {\n  float x, y, z;\n"
        "  Vec3 operator+(const Vec3 &o) const { return {x + o.x, y + o.y, z + o.z}; }\n};\n"
        "void spectrum(const std::complex<double> *in, double *out, std::size_t n) {\n"
        "  for (std::size_t i = 0; i < n; ++i) out[i] = square(std::abs(in[i]));\n}\n"
        "void add(const Vec3 *a, const Vec3 *b, Vec3 *c, int n) {\n"
        "  for (int i = 0; i < n; ++i) c[i] = a[i] + b[i];\n}\n"
        "void smooth(const double *x, double *y, int n) {\n  std::vector<double> t(n);\n"
        "  for (int i = 0; i < n; ++i) t[i] = x[i] / 2;\n"
        "  for (int i = 0; i < n; ++i) y[i] = t[i] + t[i > 0 ? i - 1 : 0];\n}\n"
    )
    found = read(path, function)
    draft = guess(found, sizes=[{"n": 64}])
    assert (draft.argument(name).dtype, draft.argument(name).shape) == (dtype, shape)
    assert not try_out(draft, found).problems
