"""An object keeps to the level that kernels are compiled for: wider code can't be compared with its peak."""

from __future__ import annotations

import pytest
from c_sources import ALL, Build, entry

from hayate.hosts.calibrate import vector_bytes
from hayate.records import Technique
from hayate.toolchains import Compiler, object_facts
from hayate.toolchains.instructions import LEVELS, Piece, beyond, read_code

SCALE = "for (int i = 0; i < M; i++) C[i] = 2 * A[i] + B[i];"
TARGET = """__attribute__((target("{}"), noinline)) static void
scale(int M, const double *A, const double *B, double *C) {{ for (int i = 0; i < M; i++) C[i] = 2 * A[i] + B[i]; }}"""
PRAGMA = """#pragma GCC push_options
#pragma GCC target("{}")
static void scale(int M, const double *A, const double *B, double *C)
{{ for (int i = 0; i < M; i++) C[i] = 2 * A[i] + B[i]; }}
#pragma GCC pop_options"""
WIDE = """#include <immintrin.h>
__attribute__((target("avx512f"), noinline)) static void
scale(int M, const double *A, const double *B, double *C)
{ for (int i = 0; i + 8 <= M; i += 8) _mm512_storeu_pd(C + i, _mm512_fmadd_pd(_mm512_loadu_pd(A + i),
  _mm512_set1_pd(2), _mm512_loadu_pd(B + i))); }"""
MASKED = """#include <immintrin.h>
__attribute__((target("avx512f,avx512vl"), noinline)) static void
scale(int M, const double *A, const double *B, double *C)
{ _mm256_mask_storeu_pd(C, (__mmask8)M, _mm256_loadu_pd(A)); }"""
# Level, helper function, what the object has too much of, "" nothing.
CASES = {
    "avx on v2": ("x86-64-v2", TARGET.format("avx"), "AVX"),
    "avx2 and fma on v2": ("x86-64-v2", TARGET.format("avx2,fma"), "AVX"),
    "avx-512 on v2": ("x86-64-v2", WIDE, "AVX-512"),
    "avx2 on v3": ("x86-64-v3", TARGET.format("avx2,fma"), ""),
    "avx-512 on v3": ("x86-64-v3", WIDE, "AVX-512"),
    "avx-512 of 256 bits on v3": ("x86-64-v3", MASKED, "AVX-512"),
    "avx-512 on v4": ("x86-64-v4", WIDE, ""),
    "by pragma": ("x86-64-v2", PRAGMA.format("avx2,fma"), "AVX"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wider_than_the_level_is_refused(case: str, build: Build, compiler: Compiler) -> None:
    arch, helper, said = CASES[case]
    if compiler.name == "clang" and "#pragma GCC target" in helper:
        pytest.skip("clang takes no notice of that pragma")
    made = build(entry("scale(M, A, B, C);", helper), compiler, {Technique.SIMD}, arch)
    assert made.returncode == 0, made.stderr
    violations = object_facts(made.elf, "dgemm", {Technique.SIMD}, arch).violations
    assert object_facts(made.elf, "dgemm", {Technique.SIMD}).violations == ()
    if said:
        assert any(f"the object has {said} instructions (" in one and arch in one for one in violations)
    else:
        assert violations == ()


# What the compiler's own library adds: quotients of 128 bits, complex products, long double, __float128.
LIBRARY = """
static __attribute__((noinline)) double all(__int128 a, __int128 b, _Complex double c, __float128 d, long double e)
{
    __float128 q = d * d + (double)e;
    return (double)(a / b) + __real__(c * c / (1 + c)) + (double)q + (double)__builtin_sqrtl(e) + (float)(a % b);
}
"""


@pytest.mark.parametrize("arch", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("threads", [False, True], ids=["alone", "threads"])
def test_library_code_and_plain_loops_keep_to_the_level(
    arch: str, threads: bool, build: Build, compiler: Compiler
) -> None:
    if threads and not compiler.openmp:
        pytest.skip("no run time of OpenMP")
    team = "#pragma omp parallel for\n" if threads else ""
    body = f"C[0] = all(M, N + 1, A[0] + 2.0i, B[0], A[1]);\n{team}{SCALE}"
    permitted = ALL if threads else ALL - {Technique.THREADS}
    made = build(entry(body, LIBRARY), compiler, permitted, arch)
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm", permitted, arch)
    assert facts.violations == ()
    assert facts.packed_instructions
    assert max(int({"x": 16, "y": 32, "z": 64}[name[0]]) for name in facts.vector_registers) <= vector_bytes(
        arch
    )


HIDDEN = "62 f2 f5 48 b8 07 c3"  # vfmadd231pd zmm0, zmm1, [rdi]; ret


def test_what_is_wider_is_found_in_constants_where_vectors_are_permitted() -> None:
    code = read_code("EM_X86_64", [Piece(0x1000, bytes.fromhex("c5 f5 58 c1 48 b8 " + HIDDEN + " 90"))])
    assert any("1 AVX-512 instructions stand in constants" in said for said in beyond(code, "x86-64-v3"))
    assert beyond(code, "x86-64-v4") == []


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("c4 e2 70 f2 c2", "AVX"),  # andn: encoded as these are
        ("c5 f8 77", "AVX"),
        ("64 c5 f5 58 00", "AVX"),
        ("c5 f8 92 c8", "AVX-512"),  # kmovw
        ("c4 e1 fb 92 c8", "AVX-512"),
        ("62 f1 f5 08 58 c1", "AVX-512"),
        ("64 62 f1 f5 48 58 00", "AVX-512"),
        ("66 0f 58 c1 f3 0f bc c1 f3 0f b8 c1", ""),
    ],
)
def test_the_form_shows_in_the_encoding(code: str, form: str) -> None:
    assert "".join(read_code("EM_X86_64", [Piece(0, bytes.fromhex(code))]).forms) == form


def test_another_machine() -> None:
    def said(words: str, arch: str) -> list[str]:
        return beyond(read_code("EM_AARCH64", [Piece(0, bytes.fromhex(words))]), arch)

    assert any("SVE" in one for one in said("2000c265", "armv8-a"))  # fadd z0.d, z1.d, z2.d
    assert said("2000c265", "armv9-a") == []
    assert said("20d4624e", "armv8-a") == []


def test_levels_without_a_row_are_not_looked_at() -> None:
    code = read_code("EM_X86_64", [Piece(0, bytes.fromhex("62 f1 f5 48 58 c1"))])
    assert beyond(code, "native") == beyond(code, "") == []
    assert {arch: vector_bytes(arch) for arch in LEVELS} == {
        "x86-64-v2": 16,
        "x86-64-v3": 32,
        "x86-64-v4": 64,
        "armv8-a": 16,
    }
