"""What honest kernels are written like passes all looks at it, and what resembles it and is not honest does not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from c_sources import ALL, Build, entry

from hayate.records import Language, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, inspect, inspect_preprocessed, object_facts

DGEMM = builtin("dgemm")
NONE: frozenset[Technique] = frozenset()
MARK = "\ufeff"


def refused(
    source: str,
    build: Build,
    compiler: Compiler,
    permitted: Iterable[Technique] = (),
    language: Language = "c",
) -> str:
    """What is said against a source, by whichever look is the first; "" where nothing is."""
    allowed = frozenset(permitted) if compiler.openmp else frozenset(permitted) - {Technique.THREADS}
    said = inspect(DGEMM, source, allowed, language).violations
    if said:
        return said[0]
    made = build(
        source.replace("restrict", "") if language == "c++" else source, compiler, allowed, language=language
    )
    if made.returncode:
        return made.stderr
    said = inspect_preprocessed(DGEMM, made.preprocessed, allowed, language)
    if not said:
        said = object_facts(made.elf, "dgemm", allowed).violations
    return said[0] if said else ""


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
}
BEFORE_LENGTHS = """#include <stddef.h>
#include <limits.h>
static const int BLOCK_ROWS = 8;
enum { BLOCK = 64 };
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
    ],
)
def test_scratch_memory_is_found_in_all_of_them(text: str, build: Build, compiler: Compiler) -> None:
    source = entry(f"{text.replace('double x', 'volatile double x')} C[0] = 1;")
    use = (
        source.replace("C[0] = 1;", "x[M & 1] = A[0]; C[0] = x[K & 1];") if "{ int n" not in text else source
    )
    said = refused(use, build, compiler)
    assert said, text


NAMES: dict[str, tuple[Language, str, str]] = {
    "member": ("c", "struct io { double (*read)(int); int time; };\nstatic double r(int i) { return i; }",
               "struct io s = {r, 1}; struct io *p = &s; C[0] = s.read(1) + p->read(2) + p->time;"),
    "macro": ("c", "#define read(p, i) ((p)[i])\n#define clock() 3\n#define daxpy(y, a, x) (y += (a) * (x))",
              "C[0] = read(A, 0); daxpy(C[0], read(B, 0), clock());"),
    "pointer": ("c", "static double r(int i) { return i; }", "double (*write)(int) = r; C[0] = write(3);"),
    "parameter": ("c", "static double f(double (*time)(double), double x) { return time(x); }\n"
                  "static double twice(double x) { return 2 * x; }", "C[0] = f(twice, A[0]);"),
    "variables": ("c", "", "double *_end = C + 1, *_init = C; int time = 1, clock, end = 2; clock = time + end;"
                  " for (; _init < _end; _init++) *_init = clock;"),
    "declared before": ("c", "static double ddot(int n, const double *x);\n"
                        "static double ddot(int n, const double *x) { return n * x[0]; }", "C[0] = ddot(M, A);"),
    "functions": ("c", "static void daxpy(double a, const double *x, double *y) { *y += a * *x; }\n"
                  "static void _init(double *x) { *x = 0; }\nstatic double time(int n) { return n; }",
                  "_init(C); daxpy(A[0], B, C); C[0] += time(3);"),
    "nested": ("c", "", "int i = 0; struct { int open, close, write; } s = {.open = 1, .write = 2}; C[i] = s.open + s.write;"),
    "lambda": ("c++", "", "auto read = [&](int i) { return A[i]; }; auto daxpy = [](double x) { return x; };"
               " C[0] = daxpy(read(0));"),
    "method": ("c++", "struct V { const double *_end; double read(int i) const { return _end[i]; }\n"
               "static double time(int n) { return n; } auto send(int i) const -> double { return i; }\n"
               "void _init() { _end = nullptr; } };",
               "V v{A}; C[0] = v.read(0) + V::time(2) + v.send(3);"),
    "name space": ("c++", "namespace mine { double dgemv(int n); }\ndouble mine::dgemv(int n) { return n; }\n"
                   "namespace mine { inline double clock(int n) { return n; } }", "C[0] = mine::dgemv(2) + mine::clock(1);"),
    "constructed": ("c++", "struct T { int n; explicit T(int m) : n(m) {} };", "T time(M); C[0] = time.n;"),
    "own threads": ("c", "#ifdef _OPENMP\n#include <omp.h>\n#else\nstatic int omp_get_thread_num(void) { return 0; }\n"
                    "#define omp_get_max_threads() 1\n#endif", "C[omp_get_thread_num()] = omp_get_max_threads();"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_sources_own(name: str, build: Build, compiler: Compiler) -> None:
    language, before, body = NAMES[name]
    permitted = NONE
    assert refused(entry(body, before), build, compiler, permitted, language) == ""


THEIRS: dict[str, tuple[Language, str, str]] = {
    "beside a member": ("c", "struct io { int read; };\nlong read(int, void *, unsigned long);", "C[0] = read(0, C, 8);"),
    "beside a variable": ("c", "#include <stdlib.h>\nstatic int f(int system) { return system; }",
                          'C[0] = f(1) + system("true");'),
    "by a pointer": ("c", "int system(const char *);", "int (*read)(const char *) = system; C[0] = read(\"true\");"),
    "of the standard": ("c++", "#include <cstdlib>\nstruct V { static void abort() {} };", "V::abort(); std::abort();"),
    "of no name space": ("c++", 'extern "C" int system(const char *);', 'C[0] = ::system("true");'),
    "another's clock": ("c", "long clock(void);", "long (*time)(void) = clock; C[0] = time();"),
    "the linker's": ("c", "extern char _end[];", "{ char *_end = 0; (void)_end; } C[0] = (long)_end;"),
    "the linker's by its type": ("c", "typedef char F(void);", "F _end; C[0] = (double)(long)&_end;"),
    "the linker's without a bar": ("c", "extern char end[], etext[];", "C[0] = end - etext;"),
    "the linker's in C++": ("c++", 'extern "C" { extern char __ehdr_start[]; }', "C[0] = __ehdr_start[1];"),
    "at load": ("c", "void _init(void) {}", "C[0] = 1;"),
    "at load in a block": ("c++", 'extern "C" { void _init(void) {} }', "C[0] = 1;"),
    "threads": ("c", "int omp_get_max_threads(void);", "C[0] = omp_get_max_threads();"),
}  # fmt: skip


@pytest.mark.parametrize("name", THEIRS)
def test_a_name_is_the_librarys(name: str, build: Build, compiler: Compiler) -> None:
    language, before, body = THEIRS[name]
    assert refused(entry(body, before), build, compiler, NONE, language) != ""


ATTRIBUTES: dict[str, tuple[Language, str]] = {
    "no return": ("c", "static _Noreturn void stop(void) { for (;;) ; }\n"
                  "__attribute__((noreturn, cold)) static void f(void) { __builtin_trap(); }"),
    "no return in brackets": ("c++", "[[noreturn]] static void f() { __builtin_trap(); }"),
    "name space before": ("c++", "[[using gnu: hot, aligned(64)]] static int f(int a) { return a; }"),
    "stack": ("c", "__attribute__((force_align_arg_pointer)) static double f(double a) { return a; }"),
    "likely": ("c++", "static int f(int n) { if (n > 3) [[likely]] return 1; else [[unlikely]] return n; }"),
    "unused": ("c++", "static int f([[maybe_unused]] int n) { [[maybe_unused]] int m = n; return 1; }"),
    "promises": ("c", "__attribute__((hot, flatten, pure, nonnull(1))) static double f(const double *p) { return *p; }\n"
                 "__attribute__((const, cold, nothrow, leaf)) static double g(double a) { return a; }\n"
                 "__attribute__((malloc, alloc_size(1), assume_aligned(64), returns_nonnull, alloc_align(2)))"
                 " void *h(unsigned long n, unsigned long a);"),
    "types": ("c", "typedef double __attribute__((may_alias)) d;\n"
              "struct __attribute__((packed, aligned(32))) s { char a; double b; };\n"
              "union __attribute__((transparent_union)) u { int *a; float *b; };"),
    "variables": ("c", "static const double t[4] __attribute__((aligned(64), unused, nocommon)) = {1, 2, 3, 4};\n"
                  "static int f(void) { int x __attribute__((uninitialized, unused)); return 1; }"),
    "messages": ("c", '__attribute__((error("never"))) void f(void);\n__attribute__((warning("x"), deprecated("y"))) int g(int);'),
    "statements": ("c", "static int f(int n) { switch (n) { case 1: n++; __attribute__((fallthrough)); default: return n; }\n"
                   "out: __attribute__((cold, unused)); return n; }"),
    "calls": ("c", "__attribute__((noplt, noclone, noipa, no_split_stack)) static int f(int n) { return n; }"),
    "visible": ("c", "#pragma GCC visibility push(hidden)\nint f(int n) { return n; }\n#pragma GCC visibility pop"),
    "tags": ("c++", 'struct [[gnu::abi_tag("one")]] s { int a; }; [[nodiscard("why")]] static int f(int n) { return n; }'),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_without_effect_on_others(name: str, build: Build, compiler: Compiler) -> None:
    language, before = ATTRIBUTES[name]
    assert refused(entry("C[0] = 1;", before), build, compiler, NONE, language) == ""


@pytest.mark.parametrize(
    ("language", "before", "said"),
    [
        ("c", "__attribute__((noreturn, retain)) void f(void);", "retain"),
        ("c", '__attribute__((hot, section(".x"))) static int f(int a) { return a; }', "section"),
        ("c++", "[[using gnu: hot, constructor]] static void f() {}", "constructor"),
        ("c++", "[[using gnu: hot, naked]] void f();", "naked"),
        ("c++", "[[using other: hot]] void f();", "other"),
        ("c", "__attribute__((returns_twice)) int f(int a);", "returns_twice"),
        ("c", '__attribute__((noreturn, optimize("O0"))) void f(void);', "optimize"),
        ("c", "__attribute__((ms_abi)) int f(int a);", "ms_abi"),
        ("c", "int x __attribute__((nocommon, weak));", "weak"),
        ("c", "typedef double v __attribute__((vector_size(32), aligned(8)));", "simd"),
    ],
)
def test_attributes_with_an_effect(
    language: Language, before: str, said: str, build: Build, compiler: Compiler
) -> None:
    assert said in refused(entry("C[0] = 1;", before), build, compiler, NONE, language)


NOT_TAKEN = {
    "pragma": '#ifdef __INTEL_COMPILER\n#pragma GCC optimize("O3")\n#pragma weak f\n#endif',
    "header": '#ifdef _WIN32\n#include <windows.h>\n#include_next <x.h>\n#elif 0\n#include "mkl.h"\n#endif',
    "assembly": '#if 0\nstatic void f(void) { asm("nop"); system("x"); }\n#endif',
    "wider vectors": "#if defined(__AVX512F__)\n#include <immintrin.h>\ntypedef __m512d v;\n"
    "static inline v load(const double *p) { return _mm512_loadu_pd(p); }\n#else\ntypedef double v;\n#endif",
    "prefetch": "#ifdef USE_PREFETCH\n#define PREFETCH(p) __builtin_prefetch(p)\n#else\n#define PREFETCH(p) ((void)0)\n#endif",
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
    "line ends": ("c", entry("C[0] = 1; /* a\n b */ // c \\\n d\n", "#define X \\\n 1\n#if X\n#endif").replace("\n", "\r\n")),
    "blanks": ("c", entry("\tC[0] = X; ", "#define X  \\  \n\t1")),
    "letters": ("c", entry("C[0] = 1; // Größe: 3 × 4 ≤ 17 — 行列 \u2028 x", "/* é */")),
    "words": ("c", entry("int größe = 3; double α = A[0]; C[0] = α * größe;")),
    "question marks": ("c", entry("C[0] = 1; // why??/\nC[0] += 1; /* ??( ??) what??! */")),
    "Fortran": ("c", entry("const int LDA = K, LDB = N; dgemm_ref_(A, LDA, B, LDB, C);",
                           "static void dgemm_ref_(const double *A, int LDA, const double *B, int LDB, double *C)"
                           " { C[0] = A[LDA > 0] + B[LDB > 0]; }")),
    "raw": ("c++", entry('const char *s = R"(asm("x") \\ #include)", *t = u8R"ab(")")ab"; C[0] = s[M] + t[0];').replace("u8R", "R")),
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
