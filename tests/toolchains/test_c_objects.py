"""What an object shows: imports, initialisers, packed arithmetic, and that damaged files are survived."""

from __future__ import annotations

import random

import pytest
from c_sources import ALL, Build, entry

from hayate.records import Technique
from hayate.toolchains import Compiler, object_facts


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("#include <stdlib.h>", "abort();"),
        ("#include <stdio.h>", 'printf("%d", M);'),
        ("#include <unistd.h>\nstatic int (*volatile f)(void) = getpid;", "C[0] = f();"),
        ("#include <stdlib.h>", "atexit((void (*)(void))dgemm);"),
    ],
    ids=["abort", "printf", "by pointer", "atexit"],
)
def test_imports_beyond_the_list_are_forbidden(
    text: str, body: str, build: Build, compiler: Compiler
) -> None:
    made = build(entry(body, text), compiler)
    if made.returncode:
        assert "undefined" in made.stderr  # atexit lives in the static part of some C libraries
        return
    facts = object_facts(made.elf, "dgemm", ALL)
    assert facts.forbidden_imports
    assert facts.forbidden_imports[0] in facts.violations[0]


def test_mathematics_and_copies_are_allowed(build: Build, compiler: Compiler) -> None:
    body = (
        "memset(C, 0, M * 8); memmove(C + 1, C, N * 8); C[0] = sin(A[0]) + pow(A[1], B[0]) + fmaxf(1, B[1]);"
    )
    made = build(entry(body, "#include <math.h>\n#include <string.h>"), compiler)
    facts = object_facts(made.elf, "dgemm", ())
    assert {"sin", "pow", "memmove"} <= set(facts.imports)
    assert facts.violations == ()


def test_allocation_is_imported_only_where_permitted(build: Build, compiler: Compiler) -> None:
    made = build(
        entry("double *p = malloc(K * 8); p[0] = A[K - 1]; C[0] = keep(p)[0]; free(p);", KEEP), compiler
    )
    assert object_facts(made.elf, "dgemm", {Technique.ALLOC}).violations == ()
    assert object_facts(made.elf, "dgemm", ()).forbidden_imports == ("malloc",)


KEEP = """#include <stdlib.h>
static double *volatile kept;
static double *keep(double *p) { kept = p; return kept; }"""


@pytest.mark.parametrize(
    "before",
    [
        "static volatile int n; __attribute__((constructor)) static void early(void) { n = 1; }",
        "static volatile int n; __attribute__((destructor)) static void late(void) { n = 1; }",
        "static int one(void) { return 1; } static int (*pick(void))(void) { return one; }\n"
        'int chosen(void) __attribute__((ifunc("pick")));\nint use(void) { return chosen(); }',
    ],
    ids=["constructor", "destructor", "ifunc"],
)
def test_code_that_runs_at_load_is_seen(before: str, build: Build, compiler: Compiler) -> None:
    made = build(entry("C[0] = 1;", before), compiler)
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm", ALL)
    assert facts.has_constructors
    assert any("when it is loaded" in said for said in facts.violations)


def test_static_memory_is_counted(build: Build, compiler: Compiler) -> None:
    made = build(
        entry("for (int i = 0; i < M; i++) x[i] += A[i]; C[0] = x[K];", "static double x[4096];"), compiler
    )
    assert 32768 <= object_facts(made.elf, "dgemm", ()).static_bytes < 34000


def test_vector_code_is_counted_though_simd_is_withheld(build: Build, compiler: Compiler) -> None:
    before = "typedef double v __attribute__((vector_size(32)));"
    made = build(entry("*(v *)C = *(const v *)A * *(const v *)B + *(v *)C;", before), compiler)
    facts = object_facts(made.elf, "dgemm", ())
    assert facts.packed_instructions >= 1
    assert any("simd is not permitted" in said for said in facts.violations)
    assert object_facts(made.elf, "dgemm", {Technique.SIMD}).violations == ()


@pytest.mark.parametrize(
    "body",
    [
        "for (int i = 0; i < M; i++) C[i] = 0;",
        "for (int i = 0; i < M; i++) C[i] = A[i];",
        "for (int i = 0; i < M; i++) C[i] = fabs(A[i]) < B[i] ? sqrt(A[i]) : -A[i];",
        "double s = 0; for (int i = 0; i < M; i++) s += A[i] * B[i]; C[0] = s;",
        "struct { double a, b, c, d; } *p = (void *)C, *q = (void *)A; *p = *q;",
        "for (int i = 0; i < M; i++) C[i] = (int)A[i] + (float)B[i];",
    ],
)
def test_scalar_code_has_no_packed_arithmetic(body: str, build: Build, compiler: Compiler) -> None:
    made = build(entry(body, "#include <math.h>"), compiler, {Technique.ALLOC}, arch="x86-64-v4")
    assert made.returncode == 0, made.stderr
    assert object_facts(made.elf, "dgemm", {Technique.ALLOC}).violations == ()


def test_a_damaged_file_has_a_violation_and_raises_nothing(build: Build, compiler: Compiler) -> None:
    good = build(entry("C[0] = A[0];"), compiler).elf
    assert object_facts(b"", "dgemm").violations
    assert object_facts(b"#!/bin/sh\n", "dgemm").violations
    rng = random.Random(3)
    for _ in range(150):
        damaged = bytearray(good[: rng.randrange(1, len(good) + 1)])
        for _ in range(rng.randrange(8)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        object_facts(bytes(damaged), "dgemm")
