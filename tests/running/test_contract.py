"""What an oracle is given and gives, argument by argument: docs/any-kernel.md has the contract."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.margins.build import shared
from benchmarks.margins.kernels import Kernel, array, scalar, size
from hayate.records import Argument, StructField
from hayate.running import COMPILER, FLAGS, oracle_text

pytestmark = pytest.mark.skipif(not shutil.which("g++"), reason="no g++: apt install g++")


def ask(kernel: Kernel, folder: Path, given: list[Any], sizes: list[int]) -> tuple[int, list[Any], list[Any]]:
    """`given`: arrays, or ctypes numbers and structs; `sizes`: of each written array, in doubles."""
    library = shared(oracle_text(kernel.task), ".cpp", (COMPILER, *FLAGS), folder)
    at = [x.ctypes.data if isinstance(x, np.ndarray) else ctypes.addressof(x) for x in given]
    want, bound = ([np.full(n, np.nan) for n in sizes] for _ in range(2))
    near = getattr(library, f"{kernel.name}_automatic")(
        (ctypes.c_void_p * len(at))(*at),
        (ctypes.c_void_p * len(sizes))(*(x.ctypes.data for x in want)),
        (ctypes.c_void_p * len(sizes))(*(x.ctypes.data for x in bound)),
    )
    return near, want, bound


def test_padding_stays_as_it_was_and_of_an_output_is_unknown(tmp_path: Path) -> None:
    kernel = Kernel(
        "f",
        "",
        "void f(int m, int n, int ld, double *a, double *b) { for (int i = 0; i < m; i++)"
        " for (int j = 0; j < n; j++) { a[i * ld + j] *= 3; b[i * ld + j] = a[i * ld + j] / 7; } }",
        (
            size("m"),
            size("n"),
            size("ld", "n + pad"),
            array("inout", "a", "m, ld", extent="m, n"),
            array("output", "b", "m, n + pad", extent="m, n"),
        ),
        {"m": 2, "n": 3, "pad": 2},
    )
    a = np.arange(10.0)
    given = [ctypes.c_int(2), ctypes.c_int(3), ctypes.c_int(5), a, np.zeros(10), ctypes.c_int64(2)]
    near, want, bound = ask(kernel, tmp_path, given, [10, 10])
    inside = np.array([1, 1, 1, 0, 0] * 2, bool)
    assert near == 0
    assert (want[0] == np.where(inside, 3 * a, a)).all() and (bound[0] == 0).all()
    assert (bound[1][~inside] == np.inf).all() and (bound[1][inside] < 1e-15).all()
    assert (a == np.arange(10.0)).all()  # what is given is not written


@pytest.mark.parametrize("by_pointer", [False, True])
def test_a_struct_of_numbers(by_pointer: bool, tmp_path: Path) -> None:
    class Raw(ctypes.Structure):
        _fields_ = [
            ("k", ctypes.c_int8),
            ("a", ctypes.c_double),
            ("b", ctypes.c_float),
            ("n", ctypes.c_int64),
        ]

    fields = tuple(
        StructField.model_validate({"name": n, "dtype": d})
        for n, d in (("k", "int8"), ("a", "float64"), ("b", "float32"), ("n", "int64"))
    )
    way, dot = ("const struct p *q", "->") if by_pointer else ("struct p q", ".")
    text = f"void f({way}, double *y) {{ y[0] = q{dot}a * q{dot}b + q{dot}k; y[1] = q{dot}n; }}"
    argument = Argument(name="q", kind="scalar", fields=fields, by_pointer=by_pointer)
    kernel = Kernel(
        "f",
        "",
        text,
        (argument, array("output", "y", "2")),
        {},
        preamble="#include <stdint.h>\nstruct p { int8_t k; double a; float b; int64_t n; };",
    )
    near, want, bound = ask(kernel, tmp_path, [Raw(-3, 0.1, 0.5, 1 << 40), np.zeros(2)], [2])
    assert near == 0
    assert want[0][0] == pytest.approx(-2.95, abs=1e-15) and 0 < bound[0][0] < 1e-14
    assert want[0][1] == 2.0**40 and bound[0][1] == 0


def test_complex_numbers_are_two_each(tmp_path: Path) -> None:
    kernel = Kernel(
        "f",
        "",
        "double complex f(int n, double complex s, const float complex *x, double complex *y)"
        "{ double complex t = 0; for (int i = 0; i < n; i++) { y[i] = s * x[i]; t += y[i]; } return t; }",
        (
            size("n"),
            scalar("s", "complex128"),
            array("input", "x", "n", "complex64"),
            array("inout", "y", "n", "complex128"),
        ),
        {"n": 2},
        returns="complex128",
        preamble="#include <complex.h>",
    )
    x, y = np.array([1 + 2j, 0.1 - 1j], np.complex64), np.zeros(2, np.complex128)
    s = np.array([0.3 - 0.7j])
    near, want, bound = ask(kernel, tmp_path, [ctypes.c_int(2), s, x, y], [4, 2])
    right = s[0] * x.astype(complex)
    assert near == 0
    assert (np.abs(want[0].view(complex) - right) < 1e-15).all()
    assert abs(want[1].view(complex)[0] - right.sum()) < 1e-15
    assert all(((b > 0) & (b < 1e-14)).all() for b in bound)


def test_integers_come_out_exactly_and_inputs_stay(tmp_path: Path) -> None:
    kernel = Kernel(
        "f",
        "",
        "unsigned char f(long n, const short *x, unsigned *y) { for (long i = 0; i < n; i++) y[i] -= x[i]; return n; }",
        (
            Argument(name="n", kind="size", dtype="int64"),
            array("input", "x", "n", "int16"),
            array("inout", "y", "n", "uint32"),
        ),
        {"n": 3},
        returns="uint8",
    )
    x, y = np.array([-1, 2, 300], np.int16), np.array([0, 1, 2**31], np.uint32)
    near, want, bound = ask(kernel, tmp_path, [ctypes.c_int64(3), x, y], [3, 1])
    assert near == 0
    assert want[0].tolist() == [1, 2**32 - 1, 2**31 - 300] and want[1].tolist() == [3]
    assert all((b == 0).all() for b in bound)
    assert y.tolist() == [0, 1, 2**31]


def test_two_calls_know_nothing_of_each_other(tmp_path: Path) -> None:
    kernel = Kernel(
        "f",
        "",
        "int f(int n, const double *x) { int k = 0; for (int i = 0; i < n; i++) if (x[i] * 0.1 > 0.3) k++; return k; }",
        (size("n"), array("input", "x", "n")),
        {"n": 2},
        returns="int32",
    )
    for x, near in (([3.0, 1.0], 1), ([4.0, 1.0], 0), ([3.0, 3.0], 2)):
        assert ask(kernel, tmp_path, [ctypes.c_int(2), np.array(x)], [1])[0] == near


def test_too_little_memory_is_said_and_ends_nothing(tmp_path: Path) -> None:
    kernel = Kernel("f", "", "void f(long n, double *x) { x[0] = n; }", (), {})
    arguments = (Argument(name="n", kind="size", dtype="int64"), array("output", "x", "n * 1000000000"))
    kernel = Kernel("f", "", kernel.text, arguments, {"n": 1})
    given = [ctypes.c_int64(1_000_000), np.zeros(1)]
    assert ask(kernel, tmp_path, given, [1])[0] < 0


def test_an_empty_array_is_none(tmp_path: Path) -> None:
    text = "void f(int n, double *x) { for (int i = 0; i < n; i++) x[i] = 1; }"
    kernel = Kernel("f", "", text, (size("n"), array("inout", "x", "n")), {"n": 0})
    assert ask(kernel, tmp_path, [ctypes.c_int(0), np.zeros(1)], [1])[0] == 0
