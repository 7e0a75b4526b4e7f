"""Who is blamed, from what calls gave: the numbers are made here, nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hayate.judge.proving.blame import REFERENCE, Case, blame

SHAPE = {"n": 8}
YARDSTICKS = ("yardsticks/10_plain.c", "yardsticks/20_fast.c")


def case(kind: str = "uniform", gamma: float = 1e-14) -> Case:
    rng = np.random.default_rng(len(kind))
    exact = rng.uniform(-1, 1, 8)
    if kind == "integers":
        exact = np.round(exact * 1e6)
    scale = np.abs(exact) + 1.0
    return Case(SHAPE, kind, gamma, exact, scale, 2 * scale, dict.fromkeys((REFERENCE, *YARDSTICKS), exact))


def cases(change: Callable[[Case], Case] = lambda one: one) -> list[Case]:
    return [change(case(kind)) for kind in ("uniform", "wide", "integers", "sparse")]


def results(one: Case, names: tuple[str, ...], to: Any, kinds: tuple[str, ...] = ("uniform",)) -> Case:
    if one.kind not in kinds:
        return one
    return replace(one, results={**one.results, **dict.fromkeys(names, to)})


EVERYBODY = (REFERENCE, *YARDSTICKS)


def test_a_task_that_fits_together_blames_nobody() -> None:
    assert blame(cases()) == []


def test_rounding_within_the_bound_is_nobodys_fault() -> None:
    near = cases(lambda one: results(one, EVERYBODY, one.exact + 0.5e-14, ("uniform", "wide")))
    assert blame(near) == []


def test_results_that_are_no_numbers() -> None:
    nan = np.full(8, np.nan)
    (found,) = blame(cases(lambda one: replace(one, exact=nan) if one.kind == "wide" else one))
    assert found.part == "oracle.c"
    assert "wide inputs at n = 8" in found.reason
    (found,) = blame(cases(lambda one: results(replace(one, exact=nan), EVERYBODY, nan, (one.kind,))))
    assert found.part == "inputs"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda one: replace(one, scale=np.zeros(8)), "the scale is 0 where"),
        (lambda one: replace(one, scale=-one.scale), "exact's scale is -"),
        (lambda one: replace(one, cheap=np.full(8, np.inf)), "the cheap scale is inf"),
        (lambda one: replace(one, cheap=0.5 * one.scale), "it must bound it"),
        (lambda one: replace(one, scale=1e12 * one.scale, cheap=1e12 * one.scale), "excludes nothing"),
        (lambda one: replace(one, cheap=1e12 * one.scale), "the cheap scale is"),
    ],
)
def test_a_scale_that_is_zero_or_absurd_is_the_oracles(change: Callable[[Case], Case], says: str) -> None:
    (found,) = blame(cases(change))
    assert found.part == "oracle.c"
    assert says in found.reason


def test_a_bound_that_lets_single_precision_pass() -> None:
    (found,) = blame(cases(lambda one: replace(one, gamma=1e-5)))
    assert found.part == "bound"
    assert "single precision would pass" in found.reason


def test_who_is_alone_is_blamed() -> None:
    for name in EVERYBODY:
        wrong = cases(lambda one, name=name: results(one, (name,), one.exact + 0.1))  # type: ignore[misc]
        (found,) = blame(wrong)
        assert found.part == name
        assert "times the bound, on uniform inputs" in found.reason


def test_where_all_agree_against_the_oracle_it_is_the_oracle() -> None:
    (found,) = blame(cases(lambda one: results(one, EVERYBODY, 2 * one.exact)))
    assert found.part == "oracle.c"
    assert "all 3 solutions agree" in found.reason


def test_where_all_miss_by_little_it_is_the_bound() -> None:
    (found,) = blame(cases(lambda one: results(one, EVERYBODY, one.exact + 1e-13)))
    assert found.part == "bound"
    assert "even the best solution misses it" in found.reason


def test_where_nobody_agrees_each_is_named() -> None:
    def differ(one: Case) -> Case:
        for i, name in enumerate(EVERYBODY):
            one = results(one, (name,), one.exact + 0.1 * (i + 1))
        return one

    assert [found.part for found in blame(cases(differ))] == list(EVERYBODY)


def test_integers_whose_sums_are_no_doubles() -> None:
    (found,) = blame(cases(lambda one: results(one, EVERYBODY, one.exact * (1 + 3e-16), ("integers",))))
    assert found.part == "inputs"
    assert "exact test" in found.reason
    (found,) = blame(cases(lambda one: results(one, (REFERENCE,), one.exact * (1 + 3e-16), ("integers",))))
    assert found.part == REFERENCE
    assert "exact test" in found.reason
