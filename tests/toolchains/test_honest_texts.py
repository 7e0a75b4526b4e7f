"""How honest kernels are written is no offence, nor is what no compiler sees of them; and nothing hides there."""

from __future__ import annotations

import pytest
from c_sources import NONE, Build, entry, refused

from hayate.records import Language
from hayate.toolchains import Compiler

MARK = "\ufeff"
LENGTHS = {
    "choice": "double x[sizeof(double) == 8 ? 64 : 4096];",
    "bits": "double x[(0x1ff & 0xf8) | 8], y[6 ^ 2], z[~-65 & 127];",
    "comparison": "double x[16 + (4 < 8) + (3 >= 9) + (2 != 1) + !0 + (1 && 2)];",
    "character": "double x['@'], y['\\x10' + 1], z['\\0' + 3];",
    "offset": "struct s { int a; double b[8]; }; double x[__builtin_offsetof(struct s, b)];",
    "size of a type": "double x[512 / sizeof(double)], y[sizeof(int) * 8], z[sizeof(unsigned char[8])];",
    "size of a value": "double x[8], y[sizeof x / sizeof x[0]];",
    "constant": "static const int n = 48; enum { R = 4, S }; double x[n], y[R * S];",
    "constant of another": "const int n = 8; const int m = n * n; double x[m];",
    "another function's": "double x[BLOCK]; (void)other(3);",
    "unsigned": "double x[(~0u >> 26) + 1], y[64u - 32u];",
    "octal": "double x[010], y[0b100];",
    "cast": "double x[(int)64], y[(size_t)8];",
    "limits": "double x[CHAR_BIT];",
    "named type": "real x[1000]; block y[2]; y[M & 1][0][0] = 1; x[1] = y[0][0][0];",
    "small type": "typedef float single; single y[3000]; y[M & 1] = 2; double x[2] = {y[0]};",
    "pairs": "pair y[700]; y[M & 1].a = A[0]; double x[2] = {y[1].a, y[0].b};",
}
BEFORE_LENGTHS = """#include <stddef.h>
#include <limits.h>
static const int BLOCK_ROWS = 8;
enum { BLOCK = 64 };
typedef double real;
typedef real block[8][8];
typedef struct { real a, b; } pair;
static int other(int BLOCK) { return BLOCK; }
"""


@pytest.mark.parametrize("name", LENGTHS)
def test_a_constant_length_is_one_however_it_is_written(name: str, build: Build, compiler: Compiler) -> None:
    source = entry(f"{LENGTHS[name]} x[M & 1] = A[0]; C[0] = x[K & 1];", BEFORE_LENGTHS)
    assert refused(source, build, compiler) == ""


@pytest.mark.parametrize(
    "text",
    [
        "double x[M > 4 ? 64 : 32];",
        "double x[M | 8];",
        "const int n = M; double x[n];",
        "static const int n = 64; { int n = M; double x[n]; x[0] = 1; }",
        "double x[sizeof(double) == 8 ? 4096 : 8];",
        "double x[8 << ('F' - 60)];",
        "double x['z' * 20];",
        "enum { n = 'd' * 25 }; double x[n];",
        "static const unsigned n = 5000u; double x[n];",
        "const volatile int n = 8; *(int *)&n = M; double x[n];",
        "double x[(~0u >> 19)];",
        "struct s { char a[40000]; double b; }; double x[__builtin_offsetof(struct s, b)];",
        "typedef double real[8]; real y[300]; y[M & 1][0] = 1; double x[2] = {y[0][1]};",
        "typedef struct { char c; double d[3]; } s; s y[600]; y[M & 1].d[0] = 1; double x[2] = {y[0].d[0]};",
        "struct s { float f[4]; int i; }; struct s y[900]; y[M & 1].i = 1; double x[2] = {y[0].i};",
        "typedef double v __attribute__((aligned(64))); struct { v a; } y[300]; y[M & 1].a = 1;"
        " double x[1] = {y[0].a};",
    ],
)
def test_scratch_memory_is_found_in_all_of_them(text: str, build: Build, compiler: Compiler) -> None:
    source = entry(f"{text.replace('double x', 'volatile double x')} C[0] = 1;")
    use = (
        source.replace("C[0] = 1;", "x[M & 1] = A[0]; C[0] = x[K & 1];") if "{ int n" not in text else source
    )
    said = refused(use, build, compiler)
    assert said, text


NOT_TAKEN = {
    "pragma": '#ifdef __INTEL_COMPILER\n#pragma GCC optimize("O3")\n#pragma weak f\n#endif',
    "header": '#ifdef _WIN32\n#include <windows.h>\n#include_next <x.h>\n#elif 0\n#include "mkl.h"\n#endif',
    "assembly": '#if 0\nstatic void f(void) { asm("nop"); system("x"); }\n#endif',
    "wider vectors": "#if defined(__AVX512F__)\n#include <immintrin.h>\ntypedef __m512d v;\n"
    "static inline v load(const double *p) { return _mm512_loadu_pd(p); }\n#else\ntypedef double v;\n#endif",
    "prefetch": "#ifdef USE_PREFETCH\n#define PREFETCH(p) __builtin_prefetch(p)\n"
    "#else\n#define PREFETCH(p) ((void)0)\n#endif",
    "scratch": "#ifdef BIG\nstatic double pack[100000];\n#include <stdlib.h>\n#define GET(n) malloc(n)\n#endif",
    "macros alone": '#define BARRIER() __asm__ volatile("" ::: "memory")\n#define CLOCK() clock()\n'
    "#define AVX(x) _mm256_loadu_pd(x)",
    "text": "#if 0\nDon't read this; it's \"no program.\n#endif",
    "guard": "#ifndef KERNEL_H\n#define KERNEL_H\nstatic int one(void) { return 1; }\n#endif",
    "both branches": "#if X\nstatic int f(int a, int b) {\n#else\nstatic int f(int a) {\n#endif\nreturn a; }",
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_the_compiler_does_not_see_is_not_the_candidates(
    name: str, build: Build, compiler: Compiler
) -> None:
    assert refused(entry("C[0] = 1;", NOT_TAKEN[name]), build, compiler) == ""


TAKEN = {
    "pragma": ('#ifdef __GNUC__\n#pragma GCC optimize("O3")\n#endif', "GCC optimize"),
    "header": ("#ifdef __linux__\n#include <unistd.h>\n#endif", "brings in"),
    "next header": ("#if 1\n#include_next <stdlib.h>\n#endif", "brings in"),
    "computed header": ("#if 1\n#define H <stdio.h>\n#include H\n#endif", "brings in"),
    "own object": ('#if 1\n#include "/dev/null"\n#endif', "brings in"),
    "assembly": ('#if 1\nvoid f(void) { __asm__("nop"); }\n#endif', "assembly"),
    "assembly in a macro": ('#define NOP() __asm__("nop")\nvoid f(void) { NOP(); }', "assembly"),
    "vectors": ("#if defined(__AVX2__)\n#include <immintrin.h>\nvoid f(double *p) { _mm256_storeu_pd(p,"
                " _mm256_setzero_pd()); }\n#endif", "simd"),
    "prefetch": ("#define P(p) __builtin_prefetch(p)\nvoid f(double *p) { P(p); }", "prefetch"),
    "scratch": ("#ifndef BIG\nstatic double pack[100];\n#endif", "alloc"),
    "by the hour": ('#if __COUNTER__ == 0\nvoid f(void) { __asm__("nop"); }\n#endif', "assembly"),
    "by the second time": (
        '#if 1\n#include <math.h>\n#endif\n#if __has_include("asked.h")\nvoid f(void) { __asm__("nop"); }\n#endif',
        "assembly",
    ),
    "by the level": ('#if __INCLUDE_LEVEL__ == 0\nvoid f(void) { __asm__("nop"); }\n#endif', "assembly"),
    "by its file": (
        '#if __has_include("candidate.c") && !__has_include("candidate.o")\nvoid f(void) { __asm__("nop"); }\n#endif',
        "assembly",
    ),
    "by its name": ('#if 1\nextern char g[sizeof __FILE__];\nvoid f(void) { __asm__("nop"); }\n#endif', "assembly"),
    "other lines": ('#if 1\n#line 1 "other.c"\n#endif', "#line"),
    "system's lines": ('#if 1\n# 1 "candidate.c" 3\n#endif', "#1"),
    "boundary": ("#if 1\n#pragma hayate candidate\n#endif", "hayate"),
    "attribute": ("#if 1\n__attribute__((constructor)) static void f(void) {}\n#endif", "constructor"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_the_compiler_sees_is(name: str, build: Build, compiler: Compiler) -> None:
    text, said = TAKEN[name]
    assert said in refused(entry("C[0] = 1;", text), build, compiler)


def test_a_comment_after_a_backslash_hides_no_line(build: Build, compiler: Compiler) -> None:
    """gcc's preprocessor leaves a backslash at the end of the line, and its compiler joins no lines."""
    text = '#define P(a, b) a##b\n#pragma foo \\ /**/\nP(as, m__)("nop");'.replace("P(as", "P(__as")
    assert "backslash" in refused(entry("C[0] = 1;", text), build, compiler)


WRITTEN: dict[str, tuple[Language, str]] = {
    "mark": ("c", MARK + "#include <math.h>\n" + entry("C[0] = sqrt(A[0]);")),
    "mark of C++": ("c++", MARK + "#include <cmath>\n" + entry("C[0] = std::sqrt(A[0]);")),
    "line ends": ("c", entry("C[0] = 1; /* a\n b */ // c \\\n d\n", "#define X \\\n 1\n#if X\n#endif")
                  .replace("\n", "\r\n")),
    "blanks": ("c", entry("\tC[0] = X; ", "#define X  \\  \n\t1")),
    "letters": ("c", entry("C[0] = 1; // Größe: 3 \u00d7 4 \u2264 17 \u2014 行列 \u2028 x", "/* é */")),
    "words": ("c", entry("int größe = 3; double \u03b1 = A[0]; C[0] = \u03b1 * größe;")),
    "question marks": ("c", entry("C[0] = 1; // why??/\nC[0] += 1; /* ??( ??) what??! */")),
    "Fortran": ("c", entry("const int LDA = K, LDB = N; dgemm_ref_(A, LDA, B, LDB, C);",
                           "static void dgemm_ref_(const double *A, int LDA, const double *B, int LDB, double *C)"
                           " { C[0] = A[LDA > 0] + B[LDB > 0]; }")),
    "raw": ("c++", entry('const char *s = R"(asm("x") \\ #include)", *t = R"ab(")")ab"; C[0] = s[M] + t[0];')),
    "digits": ("c++", entry("constexpr long n = 1'000; double x[0x1'0]; x[M & 1] = n; C[0] = x[0] + 1'0.5'0;")),
    "no end of line": ("c", entry("C[0] = 1;").rstrip()),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_how_a_text_is_written_matters_to_nobody(name: str, build: Build, compiler: Compiler) -> None:
    language, source = WRITTEN[name]
    assert refused(source, build, compiler, NONE, language) == ""


@pytest.mark.parametrize(
    ("language", "before", "said"),
    [
        ("c", 'static const char *s = R"(x)";', "raw string"),
        ("c++", 'static const char *s = R"(\n)";', "raw string"),
        ("c++", 'static const char *s = R"x(a)\\\nx" )x"; asm("nop"); //"', "raw string"),
        ("c++", '#if 1\nstatic const char *s = R"(\n)"; asm("nop"); //"\n#endif', "raw string"),
        ("c++", '#if 1\nstatic const char *s = R"(\n# 1 "candidate.cpp" )"; asm("nop"); //"\n#endif', "#1"),
        ("c++", 'static const char *s = R"(" ;)"; asm("nop"); //"', "assembly"),
        ("c++", 'static const char *s = R"a( )" )a"; asm("nop"); //"', "assembly"),
        ("c", '// why??/\nvoid f(void) { __asm__("nop"); }', "assembly"),
    ],
)
def test_how_a_text_is_written_hides_nothing(
    language: Language, before: str, said: str, build: Build, compiler: Compiler
) -> None:
    found = refused(entry("C[0] = 1;", before), build, compiler, NONE, language)
    assert said in found
    assert found
