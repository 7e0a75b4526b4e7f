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


LIBRARY = {
    "shared": (
        "#include <memory>\n#include <vector>",
        "auto s = std::make_shared<std::vector<double>>(N); auto q = s; std::shared_ptr<double[]> z(new double[N]);"
        " z[0] = 1; C[0] = (*q)[0] + z[0];",
    ),
    "of a thread": (
        "#include <vector>\nstatic thread_local std::vector<double> rows;",
        "rows.resize(N); thread_local std::vector<double> columns(K); C[0] = rows[0] + columns[0];",
    ),
    "values": ("#include <valarray>", "std::valarray<double> v(A, K); v *= 2.0; C[0] = v.sum();"),
    "order": (
        "#include <algorithm>\n#include <vector>\n#include <numeric>",
        "std::vector<int> p(N); std::iota(p.begin(), p.end(), 0);"
        " std::sort(p.begin(), p.end(), [&](int a, int b) { return B[a] < B[b]; }); C[0] = p[0];",
    ),
}


@pytest.mark.parametrize("name", LIBRARY)
def test_what_keeps_memory_links_where_it_is_permitted_and_only_there(
    name: str, build: Build, compiler: Compiler
) -> None:
    before, body = LIBRARY[name]
    made = build(entry(body, before), compiler, ALLOC, language="c++")
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm", ALLOC)
    assert facts.violations == ()
    assert set(facts.imports) <= {"malloc", "free", "memset", "memmove", "memcpy", "__tls_get_addr"}
    withheld = build(entry(body, before), compiler, (), language="c++")
    assert withheld.returncode != 0
    assert "operator new" in withheld.stderr


HEADERS_ALONE = {
    "span": (
        "#include <span>\n#include <numeric>",
        "std::span<const double> a(A, K); C[0] = std::transform_reduce(a.begin(), a.end(), B, 0.0);",
    ),
    "function": (
        "#include <functional>",
        "std::function<double(int)> at; if (M > 2) at = [=](int i) { return A[i]; }; C[0] = at(M);",
    ),
    "checked": ("#include <array>", "std::array<double, 8> a{}; a.at(M & 7) = A[0]; C[0] = a[3];"),
    "virtual": (
        "struct Base { virtual double f(int) const = 0; };\n"
        "struct D : Base { double f(int i) const override { return i; } };"
        "struct E : D { double f(int i) const override { return 2 * i; } };",
        "D d; E e; const Base *volatile b = M ? (const Base *)&d : &e; C[0] = b->f(N);",
    ),
    "complex": ("#include <complex>", "std::complex<double> z(A[0], B[0]); z *= z; C[0] = z.real();"),
    "tables": (
        "#include <array>\n#include <tuple>\n#include <optional>",
        "static constexpr auto t = [] { std::array<double, 16> a{}; for (int i = 0; i < 16; i++) a[i] = i * i;"
        " return a; }(); auto [x, y] = std::tuple{A[0], B[0]}; std::optional<double> o; if (M > 3) o = x;"
        " C[0] = t[N & 15] + o.value_or(y);",
    ),
}


@pytest.mark.parametrize("name", HEADERS_ALONE)
def test_what_keeps_none_needs_no_permission(name: str, build: Build, compiler: Compiler) -> None:
    before, body = HEADERS_ALONE[name]
    source = entry(body, before)
    assert inspect(DGEMM, source, (), "c++").violations == ()
    made = build(source, compiler, (), language="c++")
    assert made.returncode == 0, made.stderr
    assert inspect_preprocessed(DGEMM, made.preprocessed, (), "c++") == ()
    facts = object_facts(made.elf, "dgemm", ())
    assert (facts.violations, facts.imports) == ((), ())


def test_vectors_of_the_standard_library_are_vectors(build: Build, compiler: Compiler) -> None:
    body = """
    using V = std::experimental::native_simd<double>;
    V v(A, std::experimental::element_aligned);
    v *= v;
    v.copy_to(C, std::experimental::element_aligned);
    """
    source = entry(body, "#include <experimental/simd>")
    assert inspect(DGEMM, source, ALL, "c++").techniques == (Technique.SIMD,)
    assert "simd is used" in inspect(DGEMM, source, (), "c++").violations[0]
    permitted = {Technique.SIMD}
    made = build(source, compiler, permitted, language="c++")
    assert made.returncode == 0, made.stderr
    assert object_facts(made.elf, "dgemm", permitted).violations == ()


@pytest.mark.parametrize(
    ("before", "body", "said"),
    [
        (
            "#include <vector>\nstatic std::vector<double> rows;",
            "rows.resize(N); C[0] = rows[0];",
            "when it is loaded",
        ),
        ('extern "C" char __libc_single_threaded;', "C[0] = __libc_single_threaded;", ""),
        ('extern "C" int system(const char *);', "auto f = &system; C[0] = f(nullptr);", "system"),
    ],
)
def test_the_stand_ins_open_no_door(
    before: str, body: str, said: str, build: Build, compiler: Compiler
) -> None:
    made = build(entry(body, before), compiler, ALLOC, language="c++")
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm", ALLOC)
    assert said in " ".join(facts.violations)
    assert facts.violations or "__libc_single_threaded" not in facts.imports


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
