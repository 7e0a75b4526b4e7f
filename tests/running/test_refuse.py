"""What running numbers can't stand for is refused with its line and its reason, not built into a wrong oracle."""

from __future__ import annotations

import contextlib
import random

import pytest

from benchmarks.margins.__main__ import KERNELS
from benchmarks.margins.kernels import Kernel, array, size
from hayate.errors import WrongUse
from hayate.records import Task
from hayate.running import Unsuitable, drawn_beyond, oracle_text


def task(text: str, preamble: str = "", shape: str = "n") -> Task:
    arguments = (size("n"), array("input", "x", shape), array("output", "y", "n"))
    return Kernel("f", "void f()", text, arguments, {"n": 4, "pad": 2}, preamble=preamble).task


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("union { double d; long i; } u;", "union"),
        ("long i = *(long *)&x[0];", "bits"),
        ("const unsigned *p = (const unsigned *)x;", "bits"),
        ("double v = 1; long i; memcpy(&i, &v, sizeof i);", "bits"),
        ("long double s = 0;", "long double"),
        ("y[0] = sqrtl(x[0]);", "long double"),
        ("y[0] = 1.0L;", "long double"),
        ("_Float16 h = 1;", "narrower"),
        ("__m256d v = _mm256_setzero_pd();", "vector"),
        ("typedef double v4 __attribute__((vector_size(32)));", "vector"),
        ("jmp_buf b; setjmp(b);", "jumps"),
        ('__asm__("nop");', "assembly"),
        ("int e; y[0] = frexp(x[0], &e);", "lack"),
        ("y[0] = _Generic(x[0], double: 1, default: 2);", "type"),
        ("y[0] = omp_get_thread_num();", "OpenMP"),
        ("memset(y, 0, 32);", "sizeof"),
        ("memset(y, 1, n * sizeof(double));", "zero"),
        ("double *t = malloc(8 * n);", "sizeof"),
        ("double (*A)[n] = (double (*)[n])x; y[0] = sizeof A[0];", "sizeof"),
        ("#define WIDE long double", "long double"),
    ],
)
def test_it_is_refused_with_its_line(line: str, reason: str) -> None:
    text = f"#include <math.h>\nvoid f(int n, double *x, double *y)\n{{\n    y[0] = x[0];\n{line}\n}}\n"
    with pytest.raises(Unsuitable, match="line 5: ") as caught:
        oracle_text(task(text))
    assert reason in str(caught.value)
    assert isinstance(caught.value, WrongUse)
    with pytest.raises(Unsuitable, match="line 5: "):  # the preamble's lines are not counted
        oracle_text(task(text, preamble="typedef double real;\n#define N 3"))


@pytest.mark.parametrize(
    "line",
    [
        "unsigned *p = (unsigned *)malloc(4 * n); p[0] = 1; free(p);",
        "int k[4]; memset(k, 0, 16); y[0] = k[0];",
        "long i = (long)x[0]; y[0] = i;",
        "double t[4]; memcpy(t, x, sizeof t); y[0] = t[0];",
        "double *t = calloc(n, sizeof(double)); y[0] = t[0]; free(t);",
    ],
)
def test_what_only_looks_like_it_is_not_refused(line: str) -> None:
    oracle_text(task(f"#include <stdlib.h>\nvoid f(int n, double *x, double *y)\n{{\n{line}\n}}\n"))


def test_a_line_of_the_preamble_is_said_to_be_one() -> None:
    with pytest.raises(Unsuitable, match="line 1 of the preamble"):
        oracle_text(task("void f(int n, double *x, double *y)\n{\n}\n", preamble="typedef long double real;"))


def test_another_file_is_no_part_of_the_text() -> None:
    with pytest.raises(Unsuitable, match=r"line 1: .*mine\.h"):
        oracle_text(task('#include "mine.h"\nvoid f(int n, double *x, double *y)\n{\n}\n'))


def test_what_is_too_deep_is_refused_and_ends_nothing() -> None:
    deep = "(" * 5000 + "x[0]" + ")" * 5000
    with pytest.raises(Unsuitable, match="tangled"):
        oracle_text(task(f"void f(int n, double *x, double *y)\n{{\ny[0] = {deep};\n}}\n"))


def test_a_size_that_is_no_expression_of_whole_numbers_is_refused() -> None:
    with pytest.raises(WrongUse, match="n / 2"):
        oracle_text(task("void f(int n, double *x, double *y)\n{\n}\n", shape="n / 2"))


def test_drawn_names_that_are_no_arguments_come_after_them() -> None:
    assert drawn_beyond(task("void f(int n, double *x, double *y)\n{\n}\n", shape="n + pad")) == ("pad",)


def test_broken_text_is_rewritten_or_refused_and_ends_nothing() -> None:
    rng = random.Random(7)
    bits = [
        "(",
        "{",
        "}",
        ")",
        "?",
        ":",
        '"',
        "\\\n",
        "#define X ",
        "/*",
        "1.0",
        "é",
        ";",
        "[",
        "if(",
        "= {[] = ",
    ]
    texts = [k.text for k in KERNELS] + [
        "void f(int n, double *x, double *y) { int k[4] = {[2] = 1, [0] = n}; }"
    ]
    for _ in range(1500):
        text = rng.choice(texts)
        at = rng.randrange(len(text))
        broken = (
            text[:at],
            text[:at] + text[at + rng.randrange(1, 6) :],
            text[:at] + rng.choice(bits) + text[at:],
        )
        with contextlib.suppress(Unsuitable):  # anything else is a failure
            oracle_text(task(rng.choice(broken)))
