"""Headers come before the text of who asks for them: no macro of his changes one, and honest habits still work."""

from __future__ import annotations

import pytest
from c_sources import ALL, Build, entry

from hayate.records import Language, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, after_boundary, inspect, inspect_preprocessed, object_facts
from hayate.toolchains.headers import part

DGEMM = builtin("dgemm")
ALLOWED = ("stdlib.h", "math.h", "immintrin.h")


def test_lines_stay_where_they_are() -> None:
    source = (
        "/* a\nb */ #include <stdlib.h> // c\nint x;\n#include \\\n<math.h>\nint y;\n#include <stdio.h>\n"
    )
    parted = part(source, ALLOWED)
    assert parted.headers == "#include <stdlib.h>\n#include <math.h>\n"
    assert parted.text.splitlines() == ["/* a", "b */ ", "int x;", "", "", "int y;", "#include <stdio.h>"]
    assert parted.asked == ()


@pytest.mark.parametrize(
    "text",
    [
        '"\\\n#include <math.h>\n"',
        "/*\n#include <math.h>\n*/",
        "// \\\n#include <math.h>",
        "// \\ \t\n#include <math.h>",
        "x #include <math.h>",
        "#define H <math.h>\n#include H",
        "#include_next <math.h>",
        '#include "/usr/include/math.h"',
        "#include <math.h",
    ],
)
def test_what_is_no_include_of_an_allowed_header_stays(text: str) -> None:
    parted = part(text, ALLOWED)
    assert (parted.headers, parted.asked) == ("", ())
    assert "math.h" in parted.text


def test_headers_under_conditions_are_asked_for() -> None:
    parted = part("#if X\n# include <math.h>\n#endif\n#include <stdlib.h>\n%: include <math.h>\n", ALLOWED)
    assert parted.asked == ("math.h",)
    assert parted.headers == "#include <stdlib.h>\n#include <math.h>\n"
    assert parted.text.splitlines()[1] == "#pragma hayate include 0"


def test_features_are_kept_and_nothing_else_is() -> None:
    source = (
        "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE 1\n#endif\n#define M 4\n#define NDEBUG\n#include <math.h>\n"
    )
    headers = part(source + "#define _XOPEN_SOURCE 700\n", ALLOWED).headers
    assert "#define _GNU_SOURCE 1" in headers
    assert "#define NDEBUG" in headers
    assert "XOPEN" not in headers
    assert "M 4" not in headers
    for value in ("evil ( )", "evil", "__attribute__"):
        assert value not in part(f"#define _GNU_SOURCE {value}\n#include <math.h>", ALLOWED).headers


MACROS = {
    "declaration": "#define rpmatch a(void); static int planted = 1; extern int b",
    "type": "#define size_t int planted; typedef unsigned long size_t",
    "attribute": "#define __THROW __attribute__((constructor))",
    "keyword": "#define extern static",
    "inline": "#define __inline static int planted(void) { return 1; } inline",
    "compiler's": "#undef __GNUC__\n#undef __x86_64__\n#undef __OPTIMIZE__",
    "guard": "#define _STDLIB_H 1\n#define _MATH_H 1",
    "operator": "#define __attribute__(x) __attribute__((weak))",
    "string": '#define strtod(...) "planted',
    "spliced": "#define rp\\\nmatch planted",
    "digraph": "%:define rpmatch planted",
    "after an include": "#include <math.h>\n#define rpmatch planted",
    "function": "#define abs(x) planted(x)",
}


@pytest.mark.parametrize("condition", [False, True], ids=["plain", "under a condition"])
@pytest.mark.parametrize("name", MACROS)
def test_no_macro_changes_a_header(name: str, condition: bool, build: Build, compiler: Compiler) -> None:
    include = "#include <math.h>\n#include <stdlib.h>"
    asked = f"#if 1\n{include}\n#endif" if condition else include
    with_it = build(f"{MACROS[name]}\n{asked}\n{entry('C[0] = 1;')}", compiler)
    if with_it.returncode:  # its own text may make no sense; then nothing was built
        assert "planted" not in with_it.stderr or name == "string"
        return
    assert b"planted" not in with_it.headers
    if name == "after an include":  # the order is another one
        return
    without = build(f"{asked}\n{entry('C[0] = 1;')}", compiler)
    assert with_it.headers == without.headers
    assert inspect_preprocessed(DGEMM, with_it.preprocessed, ()) == () or name == "operator"


@pytest.mark.parametrize("name", [n for n in MACROS if n not in ("guard", "string")])
def test_no_macro_changes_a_header_of_cxx(name: str, build: Build, compiler: Compiler) -> None:
    asked = "#include <cmath>\n#include <cstdlib>\n#include <algorithm>\n#include <immintrin.h>\n"
    text = '\nextern "C" void dgemm(int, int, int, const double *, const double *, double *C) { C[0] = 1; }\n'
    with_it = build(MACROS[name] + "\n" + asked + text, compiler, language="c++")
    if with_it.returncode:
        assert name in ("keyword", "compiler's")
        return
    assert b"planted" not in with_it.headers
    if name == "after an include":  # the order is another one
        return
    assert with_it.headers == build(asked + text, compiler, language="c++").headers


HONEST: dict[str, tuple[Language, str, str]] = {
    "feature": (
        "c",
        "#define _GNU_SOURCE\n#include <math.h>",
        "double s, c; sincos(A[0], &s, &c); C[0] = s + exp10(c);",
    ),
    "feature asked": (
        "c",
        "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n#include <math.h>",
        "C[0] = exp10(A[0]);",
    ),
    "threads or not": (
        "c",
        "#ifdef _OPENMP\n#include <omp.h>\n#else\nstatic int omp_get_num_threads(void) { return 1; }\n#endif",
        "C[0] = omp_get_num_threads();",
    ),
    "own condition": (
        "c",
        "#define USE_AVX 1\n#if USE_AVX && defined(__AVX2__)\n#include <immintrin.h>\n#endif",
        "_mm256_storeu_pd(C, _mm256_setzero_pd());",
    ),
    "own guard": (
        "c",
        "#ifndef KERNEL_H\n#define KERNEL_H\n#include <string.h>\n#endif",
        "memset(C, 0, 8);",
    ),
    "twice": (
        "c",
        "#include <string.h>\n#include <stdlib.h>\n#include <string.h>",
        "memset(C, 0, abs(M));",
    ),
    "in between": (
        "c",
        "static int one(void) { return 1; }\n#define TWO 2\n#include <string.h>",
        "memset(C, TWO, one());",
    ),
    "own macros": (
        "c",
        "#define N0 4\n#define min(a, b) ((a) < (b) ? (a) : (b))\n#include <stdlib.h>",
        "C[0] = min(M, N0);",
    ),
    "keyword as macro": (
        "c",
        "#define restrict __restrict\n#define inline __inline\n#include <stdlib.h>",
        "C[0] = abs(M);",
    ),
    "limits": (
        "c",
        "#define __STDC_LIMIT_MACROS\n#include <stdint.h>\n#include <float.h>\n#include <limits.h>",
        "C[0] = INT64_MAX + DBL_MAX + INT_MAX;",
    ),
    "other machines": (
        "c",
        "#if defined(__aarch64__) && __has_include(<omp.h>)\n#include <omp.h>\n#endif",
        "C[0] = 1;",
    ),
    "not taken": (
        "c",
        "#if 0\n#include <immintrin.h>\n#endif\ntypedef int __m256d;",
        "__m256d x = 1; C[0] = x;",
    ),
    "other line ends": ("c", "#include <math.h>\r\n#include <stdlib.h>\r\n", "C[0] = abs(M);\r\n"),
    "quoted": ("c", '#include "math.h"', "C[0] = M_PI;"),
    "target before": (
        "c",
        '#pragma GCC target("avx512f")\n#include <immintrin.h>',
        "_mm512_storeu_pd(C, _mm512_setzero_pd());",
    ),
    "target by attribute": (
        "c",
        "#include <immintrin.h>\n"
        '__attribute__((target("avx512f"))) static void f(double *x) { _mm512_storeu_pd(x, _mm512_setzero_pd()); }',
        "f(C);",
    ),
    "cxx": (
        "c++",
        "#define M_ 1\n#include <algorithm>\n#include <cstring>\n#include <array>",
        "std::array<double, 4> x{}; std::memcpy(C, x.data(), 8);",
    ),
    "cxx condition": (
        "c++",
        "#if __cplusplus >= 201703L\n#include <numeric>\n#endif",
        "C[0] = std::gcd(M, N);",
    ),
}


@pytest.mark.parametrize("permitted", [ALL, ALL - {Technique.THREADS}], ids=["all", "without threads"])
@pytest.mark.parametrize("name", HONEST)
def test_honest_habits_still_build(
    name: str, permitted: frozenset[Technique], build: Build, compiler: Compiler
) -> None:
    language, before, body = HONEST[name]
    if name == "threads or not" and Technique.THREADS not in permitted:
        pytest.skip("its names are of threads")
    if Technique.THREADS in permitted and not compiler.openmp:
        pytest.skip("no run time of OpenMP")
    if name == "target before" and compiler.name == "clang":
        pytest.skip("clang knows the attribute alone, and passes over the pragma")
    source = entry(body, before)
    if language == "c++":
        source = source.replace("restrict", "")
    assert inspect(DGEMM, source, permitted, language).violations == ()
    made = build(source, compiler, permitted, language=language)
    assert made.returncode == 0, made.stderr
    assert inspect_preprocessed(DGEMM, made.preprocessed, permitted, language) == ()
    assert object_facts(made.elf, "dgemm", permitted).violations == ()


def test_asserts_are_left_out_where_the_source_says_so() -> None:
    parted = part("#define NDEBUG\n#include <assert.h>\n", ("assert.h",))
    assert parted.headers == "#ifndef NDEBUG\n#define NDEBUG \n#endif\n#include <assert.h>\n"


@pytest.mark.parametrize("marker", ['# 1 "/usr/include/stdio.h" 1 3 4', '# 7 ""', '# 2 "./headers.h"'])
def test_what_comes_in_behind_the_boundary_is_refused(marker: str) -> None:
    (said,) = inspect_preprocessed(DGEMM, f'# 1 "candidate.c"\nint a;\n{marker}\nint b;\n', ALL)
    assert "brings in" in said


def test_the_first_boundary_counts() -> None:
    text = b"int a;\n#pragma hayate candidate\nint b;\n#pragma hayate candidate\nint c;\n"
    assert after_boundary(text) == b"int b;\n#pragma hayate candidate\nint c;\n"
    assert after_boundary(b"int a; #pragma hayate candidate\n") is None


def test_the_hour_of_the_build_leaves_no_trace(build: Build, compiler: Compiler) -> None:
    source = entry("static const char *volatile s; s = __DATE__ __TIME__ __TIMESTAMP__; C[0] = s[0];")
    assert '"0"' in build(source, compiler).preprocessed
