"""Everyday kernels of many fields, as people write them: each drafted right without any option, and tried out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hayate.new import guess, read, try_out
from hayate.tasks.expressions import evaluate_expression

sys.path.insert(0, str(Path(__file__).parent))
from drafts import KERNELS, described, expected

QUICK = ("my_dgemm", "conv2d", "softmax_rows", "fft", "coo_spmv")


@pytest.mark.parametrize(
    ("file", "function"),
    [pytest.param(*key, marks=() if key[1] in QUICK else pytest.mark.slow) for key in expected()],
)
def test_a_kernel_is_drafted_without_any_option(file: str, function: str) -> None:
    found = read(KERNELS / file, function)
    tried = try_out(guess(found), found)
    draft = tried.draft
    assert not tried.problems
    assert described(draft) == expected()[file, function]
    full = dict(draft.bands[0].center)
    for argument in draft.arguments:
        if argument.value:
            full[argument.name] = int(evaluate_expression(argument.value, full))
    assert evaluate_expression(draft.flops, full) > 0
    assert evaluate_expression(draft.bytes, full) > 0
    assert evaluate_expression(draft.oracle_work, full) > 0
    assert {g.about for g in draft.guesses} >= {a.name for a in draft.arguments if a.is_array}


@pytest.mark.parametrize(
    ("file", "function", "flops"),
    [
        ("gemm.c", "my_dgemm", "2 * m * n * k"),
        ("conv2d.c", "conv2d", "2 * kh * kw * (h - kh + 1) * (w - kw + 1)"),
        ("lu.c", "lu_nopivot", "2 / 3 * n * n * n"),
        ("cgemm.c", "cgemm", "8 * m * n * k"),
    ],
)
@pytest.mark.slow
def test_operations_are_counted(file: str, function: str, flops: str) -> None:
    draft = guess(
        read(KERNELS / file, function), sizes=[{"n": 64}] if function != "conv2d" else [{"h": 64, "w": 64}]
    )
    shape = dict(draft.bands[0].center)
    assert evaluate_expression(draft.flops, shape) == pytest.approx(
        evaluate_expression(flops, shape), rel=0.1
    )
