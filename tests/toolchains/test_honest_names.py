"""What honest kernels name things, and what they say of them, passes all looks; what resembles it does not."""

from __future__ import annotations

import pytest
from c_sources import NONE, Build, entry, refused

from hayate.records import Language
from hayate.toolchains import Compiler

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
    "nested": ("c", "", "struct { int open, close, write; } s = {.open = 1, .write = 2};"
               " C[0] = s.open + s.write;"),
    "lambda": ("c++", "", "auto read = [&](int i) { return A[i]; }; auto daxpy = [](double x) { return x; };"
               " C[0] = daxpy(read(0));"),
    "method": ("c++", "struct V { const double *_end; double read(int i) const { return _end[i]; }\n"
               "static double time(int n) { return n; } auto send(int i) const -> double { return i; }\n"
               "void _init() { _end = nullptr; } };",
               "V v{A}; C[0] = v.read(0) + V::time(2) + v.send(3);"),
    "name space": ("c++", "namespace mine { double dgemv(int n); }\ndouble mine::dgemv(int n) { return n; }\n"
                   "namespace mine { inline double clock(int n) { return n; } }",
                   "C[0] = mine::dgemv(2) + mine::clock(1);"),
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
    "beside a member": ("c", "struct io { int read; };\nlong read(int, void *, unsigned long);",
                        "C[0] = read(0, C, 8);"),
    "beside a variable": ("c", "#include <stdlib.h>\nstatic int f(int system) { return system; }",
                          'C[0] = f(1) + system("true");'),
    "by a pointer": ("c", "int system(const char *);", "int (*read)(const char *) = system; C[0] = read(\"true\");"),
    "of the standard": ("c++", "#include <cstdlib>\nstruct V { static void exit(int) {} };",
                        "V::exit(1); std::exit(1);"),
    "of no name space": ("c++", 'extern "C" int system(const char *);', 'C[0] = ::system("true");'),
    "another's clock": ("c", "long clock(void);", "long (*time)(void) = clock; C[0] = time();"),
    "the linker's": ("c", "extern char _end[];", "{ char *_end = 0; (void)_end; } C[0] = (long)_end;"),
    "the linker's by its type": ("c", "typedef char F(void);", "F _end; C[0] = (double)(long)&_end;"),
    "the linker's without a bar": ("c", "extern char end[], etext[];", "C[0] = end - etext;"),
    "the linker's in C++": ("c++", 'extern "C" { extern char __ehdr_start[]; }', "C[0] = __ehdr_start[1];"),
    "at load": ("c", "void _init(void) {}", "C[0] = 1;"),
    "at load in a block": ("c++", 'extern "C" { void _init(void) {} }', "C[0] = 1;"),
    "a builtin's": ("c", "#define __builtin_abort() 1\n#undef __builtin_abort", "__builtin_abort(); C[0] = 1;"),
    "memory": ("c++", "#include <cstdlib>\nstruct S { static void *malloc(int) { return nullptr; } };",
               "double *p = (double *)malloc(M); p[N & 1] = 1; C[0] = p[K & 1] + (S::malloc(1) == nullptr);"),
    "vectors": ("c", "#include <immintrin.h>\n#define _mm_add_pd(a, b) 1\n#undef _mm_add_pd",
                "_mm_storeu_pd(C, _mm_add_pd(_mm_loadu_pd(A), _mm_loadu_pd(B)));"),
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
    "promises": ("c", "__attribute__((hot, flatten, pure, nonnull(1)))"
                 " static double f(const double *p) { return *p; }\n"
                 "__attribute__((const, cold, nothrow, leaf)) static double g(double a) { return a; }\n"
                 "__attribute__((malloc, alloc_size(1), assume_aligned(64), returns_nonnull, alloc_align(2)))"
                 " void *h(unsigned long n, unsigned long a);"),
    "types": ("c", "typedef double __attribute__((may_alias)) d;\n"
              "struct __attribute__((packed, aligned(32))) s { char a; double b; };\n"
              "union __attribute__((transparent_union)) u { int *a; float *b; };"),
    "variables": ("c", "static const double t[4] __attribute__((aligned(64), unused, nocommon)) = {1, 2, 3, 4};\n"
                  "static int f(void) { int x __attribute__((uninitialized, unused)); return 1; }"),
    "messages": ("c", '__attribute__((error("never"))) void f(void);\n'
                 '__attribute__((warning("x"), deprecated("y"))) int g(int);'),
    "statements": ("c", "static int f(int n) { switch (n) {\n"
                   "case 1: n++; __attribute__((fallthrough)); default: return n; }\n"
                   "out: __attribute__((cold, unused)); return n; }"),
    "calls": ("c", "__attribute__((noplt, noclone, noipa, no_split_stack)) static int f(int n) { return n; }"),
    "visible": ("c", "#pragma GCC visibility push(hidden)\nint f(int n) { return n; }\n#pragma GCC visibility pop"),
    "tags": ("c++", 'struct [[gnu::abi_tag("one")]] s { int a; };\n'
             '[[nodiscard("why")]] static int f(int n) { return n; }'),
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
