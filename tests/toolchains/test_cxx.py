"""C++ candidates: one object as canonical as C's, no run-time library, withheld memory refused however it is got."""

from __future__ import annotations

import pytest
from c_sources import ALL, Build

from hayate.errors import Fault, FaultKind
from hayate.records import Task, Technique
from hayate.tasks import builtin
from hayate.toolchains import Compiler, allowed_headers, inspect, inspect_preprocessed, object_facts, plan
from hayate.toolchains.source.tokens import read

DGEMM = builtin("dgemm")
ALLOC = frozenset({Technique.ALLOC})


def entry(body: str, before: str = "") -> str:
    arguments = "int M, int N, int K, const double *A, const double *B, double *C"
    return f"{before}\nvoid dgemm({arguments})\n{{\n{body}\n}}\n"


def test_the_object_exports_the_entry_by_its_plain_name(build: Build, compiler: Compiler) -> None:
    twice = "template <class T> T twice(T x) { static T seen; return seen = std::max(x, x + x); }"
    helper = f"#include <algorithm>\n{twice}"
    made = build(entry("C[0] = twice(A[0]) + twice(M);", helper), compiler, language="c++")
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm")
    assert (facts.exports, facts.imports, facts.violations) == (("dgemm",), (), ())


def test_names_of_what_is_hidden_leave_no_trace(build: Build, compiler: Compiler) -> None:
    one = entry(
        "C[0] = Helper{A[0]}.twice();", "struct Helper { double x; double twice() { return x + x; } };"
    )
    hashes = [
        object_facts(build(text, compiler, language="c++").elf, "dgemm").object_hash
        for text in (one, one.replace("Helper", "Other") + "// the same")
    ]
    assert hashes[0] == hashes[1]


def test_containers_link_where_memory_is_permitted_and_nothing_is_left_of_what_is_not_used(
    build: Build, compiler: Compiler
) -> None:
    head = "#include <vector>\n#include <memory>"
    body = "std::vector<double> v(M); auto p = std::make_unique<double[]>(N); p[0] = v.at(0); C[0] = p[0];"
    with_them = build(entry(body, head), compiler, ALLOC, language="c++")
    assert with_them.returncode == 0, with_them.stderr
    facts = object_facts(with_them.elf, "dgemm", ALLOC)
    assert facts.violations == ()
    assert {"malloc", "free"} <= set(facts.imports) <= {"malloc", "free", "memset"}
    assert all("stdc++" not in name for name in facts.libraries)
    without = build(entry("C[0] = 1;"), compiler, ALLOC, language="c++")
    assert object_facts(without.elf, "dgemm").imports == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("throw 1;", "exception"),
        ("double *x = new double[N]; x[M] = A[K]; C[0] = x[N / 2];", "operator new"),
        ("double row[N]; row[M] = 1; C[0] = row[K];", "vla"),
        ("volatile double row[9000] = {}; C[0] = row[K];", "frame"),
    ],
)
def test_what_must_not_build(body: str, said: str, build: Build, compiler: Compiler) -> None:
    made = build(entry(body), compiler, language="c++")
    assert made.returncode != 0
    assert said in made.stderr


def test_a_compiler_of_c_alone_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Compiler("gcc", "/nowhere/gcc", "12.2.0")
    with pytest.raises(Fault) as caught:
        plan(DGEMM, entry(""), ALL, "x86-64-v3", bare, language="c++")
    assert caught.value.kind is FaultKind.DEPENDENCY_MISSING
    assert "g++" in caught.value.remedy


def test_a_task_may_take_c_alone(task: Task) -> None:
    only_c = task.model_copy(update={"languages": ("c",)})
    assert inspect(only_c, entry(""), ALL, "c++").violations == ("the task takes c, not c++",)
    assert inspect(only_c, entry(""), ALL).violations == ()


def test_headers_of_c_have_their_other_form(task: Task) -> None:
    assert {"math.h", "cmath", "cstdlib", "vector", "algorithm"} <= set(allowed_headers(task, "c++"))
    assert not {"iostream", "thread", "fstream", "chrono", "filesystem"} & set(allowed_headers(task, "c++"))
    bare = task.model_copy(update={"headers": ("math.h",)})
    assert "cstdlib" not in allowed_headers(bare, "c++")
    assert allowed_headers(task, "c") == task.headers
    found = inspect(task, entry("", "#include <cmath>\n#include <thread>"), ALL, "c++").violations
    assert len(found) == 1
    assert "<thread>" in found[0]


def test_a_digit_separator_opens_no_character() -> None:
    text = "int a = 1'000, asm_ = 0x1'f; char c = 'x', d = '\\'';"
    assert [t.text for t in read(text, "c++").body if t.kind == "number"] == ["1'000", "0x1'f"]
    assert [t.text for t in read(text, "c++").body if t.kind == "char"] == ["'x'", "'\\''"]
    assert "asm" in {t.text for t in read("int a = 1'0; asm(\"\"); int b = 1'0;", "c++").body}
    assert inspect_preprocessed(
        DGEMM, '# 1 "candidate.cpp"\nint a = 1\'0; asm(""); int b = 1\'0;', ALL, "c++"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("constexpr int n = 8; void f() { double x[n][n]; }", False),
        ("template <int n> void f() { double x[n]; }", False),
        ("constexpr long n = 8000; void f() { double x[n]; }", True),
        ("static constexpr double table[] = {1, 2};", False),
        ("static double state[2];", True),
        ("void f(int n) { auto *p = malloc(n); }", True),
    ],
)
def test_scratch_memory_is_seen_where_a_reader_can_see_it(text: str, expected: bool) -> None:
    assert (Technique.ALLOC in inspect(DGEMM, text, ALL, "c++").techniques) is expected


def test_structural_labels_are_found_in_cxx_too() -> None:
    body = """
    for (int ii = 0; ii < M; ii += 64)
        for (int k = 0; k < K; ++k)
            for (int i = ii; i < std::min(ii + 64, M); ++i)
                for (int j = 0; j < N; ++j)
                    C[i * N + j] += A[i * K + k] * B[k * N + j];
    """
    found = inspect(DGEMM, entry(body, "#include <algorithm>"), ALL, "c++").techniques
    assert Technique.BLOCKING in found
    assert Technique.LOOP_ORDER in found
