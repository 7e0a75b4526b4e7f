"""More that honest kernels do, and the relatives of it that take memory or call the library."""

from __future__ import annotations

import pytest
from c_sources import NONE, Build, entry, refused

from hayate.records import Language, Technique
from hayate.toolchains import Compiler

ALLOC = frozenset({Technique.ALLOC})
SIMD = frozenset({Technique.SIMD})
PUSH = (
    '#ifdef __clang__\n#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)\n'
    "#endif\nstatic int f(int a) { return a; }\n#ifdef __clang__\n#pragma clang attribute pop\n#endif"
)
VIRTUAL = (
    "struct Base { virtual double f(int) = 0; virtual ~Base() = default; };\n"
    "struct D : Base { double f(int i) override { return i; } };\n"
    "struct E : D { double f(int i) override { return 2 * i; } };"
)
OWN = (
    "#include <cstdlib>\n#include <new>\nvoid *operator new[](std::size_t n) { return malloc(n + 8); }\n"
    "void operator delete[](void *p) noexcept { free(p); }"
)

HONEST: dict[str, tuple[Language, frozenset[Technique], str, str]] = {
    "constant pointers": ("c", NONE, "typedef double kern(int);\nstatic double f(int a) { return a; }\n"
                          "static kern *const table[9] = {f, f};", "C[0] = table[M & 1](2);"),
    "rows by a type": ("c", NONE, "", "typedef double row[N]; row *c = (row *)C; c[0][0] = 1;"),
    "target pushed": ("c", SIMD, PUSH, "C[0] = f(M);"),
    "virtual destructor": ("c++", NONE, VIRTUAL, "D d; E e; Base *volatile b = M ? (Base *)&d : &e; C[0] = b->f(N);"),
    "aligned without exceptions": ("c++", ALLOC, "#include <new>",
                                   "auto *p = new (std::align_val_t(64), std::nothrow) double[N]; p[0] = A[0];"
                                   " C[0] = p[0]; ::operator delete[](p, std::align_val_t(64));"),
    "own operators": ("c++", ALLOC, OWN, "double *p = new double[N]; p[0] = A[0]; C[0] = p[M & 1]; delete[] p;"),
    "optional": ("c++", NONE, "#include <optional>", "std::optional<double> o; if (M > 3) o = A[0]; C[0] = o.value();"),
    "bind and remove": ("c++", NONE, "#include <functional>\n#include <algorithm>",
                        "auto f = std::bind(std::plus<double>(), std::placeholders::_1, 2.0); C[0] = f(A[0]);"
                        " C[1] = std::remove(C, C + 3, 0.0) - C;"),
    "classes that are called": ("c++", NONE, "struct time { double operator()(double a) const { return a; } };\n"
                                "struct read { double operator()(double a) const { return a; } };\n"
                                "class send : read {};", "C[0] = time()(A[0]) + read{}(A[1]);"),
    "packs": ("c++", NONE, "template <class... F> static double g(double x, F... time) { return (time(x) + ...); }\n"
              "template <class... F> static double h(double x, F &&...read) { return (read(x) + ...); }",
              "C[0] = g(A[0], [](double x) { return x; }) + h(A[1], [](double x) { return x; });"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_it_is_accepted(name: str, build: Build, compiler: Compiler) -> None:
    language, permitted, before, body = HONEST[name]
    assert refused(entry(body, before), build, compiler, permitted, language) == ""


def test_ranges_are_there_where_the_compiler_knows_them(build: Build, compiler: Compiler) -> None:
    if compiler.name == "clang":
        pytest.skip("clang below 16 does not compile the library's ranges")
    text = entry("for (int i : std::views::iota(0, K)) C[0] += A[i];", "#include <ranges>")
    assert refused(text, build, compiler, NONE, "c++") == ""


RELATIVES: dict[str, tuple[Language, str, str, str]] = {
    "pointers": ("c", "static double *table[9];", "table[M & 1] = C; C[0] = *table[N & 1];", "alloc"),
    "pointers to constants": ("c", "static double *const *table[9];", "C[0] = table[M & 1] == 0;", "alloc"),
    "row": ("c", "", "typedef double row[N]; row c; c[M & 1] = 1; C[0] = c[K & 1];", "alloc"),
    "rows": ("c", "", "typedef double row[N]; row c[2]; c[0][M & 1] = 1; C[0] = c[0][K & 1];", "alloc"),
    "type of a type": ("c", "", "typedef double row[N]; typedef row two; typedef two four[2]; four c;"
                       " c[0][M & 1] = 1; C[0] = c[0][K & 1];", "alloc"),
    "beside a pointer": ("c", "", "typedef double row[N]; row *q = (row *)C, c; c[M & 1] = 1; C[0] = c[K & 1] + **q;",
                         "alloc"),
    "target pushed": ("c", PUSH.replace("#ifdef __clang__\n", "").replace("#endif\n", "").replace("#endif", ""),
                      "C[0] = 1;", "simd"),
    "another attribute pushed": ("c", PUSH.replace("target(\"avx2,fma\")", "optnone").replace("#ifdef __clang__\n", "")
                                 .replace("#endif\n", "").replace("#endif", ""), "C[0] = 1;", "clang attribute"),
    "two attributes pushed": ("c",
                              '#pragma clang attribute push(__attribute__((target("avx2"), naked)), '
                              "apply_to = function)",
                              "C[0] = 1;", "clang attribute"),
    "remove of a file": ("c++", 'namespace std { extern "C" int remove(const char *); }', 'C[0] = std::remove("x");',
                         "remove"),
    "abort": ("c++", "#include <cstdlib>", "std::abort();", "abort"),
    "new": ("c++", VIRTUAL, "Base *volatile b = new E; C[0] = b->f(N); delete b;", "operator new"),
}  # fmt: skip


@pytest.mark.parametrize("name", RELATIVES)
def test_its_relative_is_not(name: str, build: Build, compiler: Compiler) -> None:
    language, before, body, said = RELATIVES[name]
    assert said in refused(entry(body, before), build, compiler, NONE, language)
