"""What mutants are made of: types, rounding, subscripts of padded arrays, texts with some nodes changed."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
import references

from hayate.mutants.formats import HELPERS
from hayate.mutants.mutant import Changes, replace, wrap
from hayate.mutants.reference import Reference
from hayate.mutants.source import Source
from hayate.mutants.types import Types
from hayate.toolchains.source.nodes import every

TEXT = """
typedef float real;
#define MAX(a, b) ((a) > (b) ? (a) : (b))
struct Pair { double first; int second; };
static float half(float x) { return x / 2; }
void f(int n, const real *a, double b[n][n], double complex *z, struct Pair *p, unsigned long k)
{
    double t = 0;
    EXPRESSION;
}
"""


@pytest.mark.parametrize(
    ("expression", "base", "depth"),
    [
        ("a[0]", "float", 0), ("a[0] * t", "double", 0), ("b[1][n]", "double", 0), ("b[1]", "double", 1),
        ("z[0] * t", "complex double", 0), ("p->first", "double", 0), ("p->second", "int", 0), ("n * 2", "int", 0),
        ("k + n", "unsigned", 0), ("a + n", "float", 1), ("*a", "float", 0), ("&t", "double", 1), ("t < n", "int", 0),
        ("MAX(a[0], n)", "float", 0), ("half(1)", "float", 0), ("sqrt(n)", "double", 0), ("fabsf(a[1])", "float", 0),
        ("(float)t", "float", 0), ("n ? t : a[0]", "double", 0), ("1.5f", "float", 0), ("1e3", "double", 0),
        ("0x1e3", "int", 0), ("unknown(n)", "?", 0),
        ("-a[0]", "float", 0), ("!t", "int", 0), ("cabs(z[0])", "double", 0),
    ],
)  # fmt: skip
def test_types_of_expressions(expression: str, base: str, depth: int) -> None:
    source = Source(TEXT.replace("EXPRESSION", expression))
    body = source.functions["f"].child_by_field_name("body")
    assert body is not None and not body.has_error
    found = Types(source).of(body.named_children[-1].named_children[0])
    assert (found.base, found.depth) == (base, depth)


def test_complex_types_are_one_word_to_the_tree_and_stay_in_the_text() -> None:
    text = "void f(void) { double  complex x = 1; _Complex float y; }"
    source = Source(text)
    assert not source.root.has_error and source.render({}) == text


def test_changes_of_a_node_and_of_what_is_in_it_are_both_made() -> None:
    source = Source("int f(int a) { return a + 1; }")
    inner = next(n for n in every(source.root) if n.type == "number_literal")
    outer = next(n for n in every(source.root) if n.type == "binary_expression")
    changes: Changes = {}
    wrap(changes, outer.id, "(", ")")
    replace(changes, inner.id, "2")
    assert source.render(changes) == "int f(int a) { return (a + 2); }"


def test_formats_round_as_conversions_do(tmp_path: Path) -> None:
    text = (
        HELPERS
        + """
void rounded(int n, const float *x, float *half, float *brain)
{
    for (int i = 0; i < n; i++) {
        half[i] = hayate_half(x[i]);
        brain[i] = hayate_bfloat16(x[i]);
    }
}
double cut(double x, int bits) { return hayate_cut(x, bits); }
"""
    )
    (tmp_path / "formats.c").write_text(text)
    subprocess.run(
        ["gcc", "-O2", "-w", "-shared", "-fPIC", "formats.c", "-o", "formats.so"],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    library = ctypes.CDLL(str(tmp_path / "formats.so"))
    rng = np.random.default_rng(1)
    x = np.concatenate([
        rng.integers(0, 1 << 32, 200_000, dtype=np.uint32).view(np.float32),
        (rng.uniform(-1, 1, 200_000) * 2.0 ** rng.integers(-28, 18, 200_000)).astype(np.float32),
        np.array([0, 65504, 65519.99, 65520, 2.0**-24, 2.0**-25, 1.5 * 2.0**-25, 3 * 2.0**-26, -2.0**-26], np.float32),
    ])  # fmt: skip
    half, brain = np.empty_like(x), np.empty_like(x)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, half, brain)]
    library.rounded(len(x), *pointers)
    with np.errstate(all="ignore"):
        assert np.array_equal(half, x.astype(np.float16).astype(np.float32), equal_nan=True)
        finite = np.isfinite(brain) & (np.abs(x) > 2.0**-126)
        assert np.all(np.abs(brain - x)[finite] <= np.abs(x)[finite] * 2.0**-8)
    assert not np.any(brain[np.isfinite(brain)].view(np.uint32) & 0xFFFF)
    library.cut.restype, library.cut.argtypes = ctypes.c_double, [ctypes.c_double, ctypes.c_int]
    assert library.cut(1 + 2.0**-43, 44) == 1 + 2.0**-43 and library.cut(1 + 2.0**-44, 44) == 1


def test_a_padded_element_is_found_where_it_lies() -> None:
    array = next(a for a in Reference(references.LU).signature.arrays if a.name == "A")
    assert array.padded and array.square
    index = array.at("i").replace("(long)", "").replace("/", "//")
    n, lda = 3, 5
    where = [eval(index, {"n": n, "lda": lda, "i": i}) for i in range(n * n)]
    assert where == [i * lda + k for i in range(n) for k in range(n)]


@pytest.mark.parametrize(
    ("expression", "n", "value"),
    [
        ("n * (n + 1) // 2", 5, 15),
        ("2 ** n", 4, 16),
        ("n ** 2", 3, 9),
        ("max(n, 4) - 1", 2, 3),
        ("-n + 7", 2, 5),
    ],
)
def test_expressions_of_sizes_are_told_to_c(expression: str, n: int, value: int, tmp_path: Path) -> None:
    text = Reference(references.AXPBY).signature.c_of(expression)
    (tmp_path / "e.c").write_text(f"long e(int n) {{ return {text}; }}")
    subprocess.run(
        ["gcc", "-w", "-shared", "-fPIC", "e.c", "-o", "e.so"], cwd=tmp_path, check=True, timeout=60
    )
    function = ctypes.CDLL(str(tmp_path / "e.so")).e
    function.restype = ctypes.c_long
    assert function(n) == value
    assert Reference(references.AXPBY).signature.c_of("other + 1") == ""
