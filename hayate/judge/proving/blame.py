"""Which part of a task is wrong: the reference, the oracle, the inputs or the bound. From what calls gave; none here.

Each is one opinion among several: the oracle's, the reference's, every yardstick's. Who is alone is blamed; where all
solutions agree with each other and not with the oracle, it is the oracle, or the bound if they miss by little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hayate.records import Shape

Array = NDArray[np.float64]
UNIT = 2.0**-53
REFERENCE = "reference.c"
SINGLE_UNIT = 2.0**-24
# By the unit roundoff of the results: a bound that is wider than this, relative to them, lets arithmetic of the next
# lower precision pass.
TELLING = {UNIT: 2.0**-22, SINGLE_UNIT: 2.0**-9}
# Solutions that miss the bound by less than this factor are right, and the bound is too tight; no wrong one does.
MISSED_BY_LITTLE = 1e3
SLACK = 1e-9  # relative: a scale is itself computed with roundings


@dataclass(frozen=True)
class Case:
    """One call of the oracle and of every solution on the same inputs; arrays output by output, joined."""

    shape: Shape
    kind: str  # of the inputs
    gamma: float  # factor * gamma_terms of the bound
    exact: Array
    scale: Array
    cheap: Array  # ENTRY_scale's
    results: dict[str, Array]  # of "reference.c", "yardsticks/10_plain.c" ...
    unit: Array | float = UNIT  # of each number; 0 of one that has to be equal

    @property
    def bound(self) -> Array:
        allowed: Array = self.gamma * self.scale + self.unit * np.abs(self.exact)
        return np.where(np.asarray(self.unit) > 0, allowed, 0.0)

    def worst(self, name: str) -> float:
        """Of a solution, in units of the bound; infinite where it has to be equal, or a number, and isn't."""
        with np.errstate(all="ignore"):
            miss = np.abs(self.results[name] - self.exact)
            units = np.where(miss == 0, 0.0, miss / self.bound)
        return float(np.max(np.where(np.isnan(units), math.inf, units), initial=0.0))

    def exactly(self, name: str) -> bool:
        return bool(np.array_equal(self.results[name], self.exact))

    def __str__(self) -> str:
        return f"{self.kind} inputs at {', '.join(f'{k} = {v}' for k, v in self.shape.items())}"


def lower_precision(unit: float) -> str:
    return "single" if unit == UNIT else "half"


@dataclass(frozen=True)
class Finding:
    """`part`: "oracle.c", "reference.c", "yardsticks/NAME", "inputs", "bound", "values" or "branches"."""

    part: str
    reason: str


def blame(cases: Sequence[Case]) -> list[Finding]:
    """At most one finding a part; none where all fits together."""
    for look in (_numbers, _scales, _telling):
        if found := [x for x in map(look, cases) if x is not None]:
            return found[:1]
    return _opinions(cases)


def _numbers(case: Case) -> Finding | None:
    """Results that are no numbers: everybody's on these inputs, or the oracle's alone."""
    if np.isfinite(case.exact).all():
        return None
    if all(not np.isfinite(result).all() for result in case.results.values()):
        return Finding(
            "inputs", f"{case} lead to results that are no numbers, in every solution as in the oracle"
        )
    return Finding("oracle.c", f"exact results that are no numbers, on {case}")


def _scales(case: Case) -> Finding | None:
    for name, values in (("exact's scale", case.scale), ("the cheap scale", case.cheap)):
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            return Finding("oracle.c", f"{name} is {values[wrong][0]:g} at an element, on {case}")
    zero = (case.scale == 0) & (case.exact != 0) & (np.asarray(case.unit) > 0)
    if zero.any():
        return Finding(
            "oracle.c",
            f"the scale is 0 where the exact result is {case.exact[zero][0]:g}, on {case}: no room to round",
        )
    low = case.cheap < case.scale * (1 - SLACK)
    if low.any():
        at = int(np.argmax(low))
        return Finding(
            "oracle.c",
            f"the cheap scale is {case.cheap[at]:g} where exact's is {case.scale[at]:g}, on {case}: it must bound it",
        )
    return None


def _telling(case: Case) -> Finding | None:
    """A bound that excludes nothing proves nothing."""
    usual = float(np.median(np.abs(case.exact))) if case.exact.size else 0.0
    unit = float(np.max(case.unit, initial=0.0))
    if case.kind != "uniform" or usual == 0 or unit == 0:
        return None
    if case.gamma > TELLING[unit]:
        return Finding(
            "bound",
            f"factor and terms allow {case.gamma:.2g} of the scale, on {case}: "
            f"{lower_precision(unit)} precision would pass",
        )
    for name, scale in (("exact's scale", case.scale), ("the cheap scale", case.cheap)):
        share = case.gamma * float(np.median(scale)) / usual
        if share > TELLING[unit]:
            times = float(np.median(scale)) / usual
            return Finding(
                "oracle.c",
                f"{name} is {times:.2g} times the results, on {case}: a bound of {share:.2g} of them excludes nothing",
            )
    return None


def _opinions(cases: Sequence[Case]) -> list[Finding]:
    names = list(dict.fromkeys(name for case in cases for name in case.results))
    rounded = [case for case in cases if case.kind != "integers"]
    missed = {name: [case for case in rounded if case.worst(name) > 1] for name in names}
    wrong = [name for name in names if missed[name]]
    if wrong == names and names:
        case = max(rounded, key=lambda case: min(case.worst(name) for name in names))
        least = min(case.worst(name) for name in names)
        if least <= 1:  # each fails somewhere else: nobody can be trusted
            return [Finding(name, _said(missed[name][0], name)) for name in names]
        if least < MISSED_BY_LITTLE:
            return [Finding("bound", f"even the best solution misses it {least:.3g} times over, on {case}")]
        if _agree(case, names):
            return [
                Finding(
                    "oracle.c",
                    f"all {len(names)} solutions agree with each other and miss its results "
                    f"{least:.3g} times the bound, on {case}",
                )
            ]
        return [Finding(name, _said(missed[name][0], name)) for name in names]
    if wrong:
        return [Finding(name, _said(missed[name][0], name)) for name in wrong]
    return _exactness([case for case in cases if case.kind == "integers"], names)


def _exactness(cases: Sequence[Case], names: Sequence[str]) -> list[Finding]:
    """The exact test, where all is right within the bound: inexact integers, or one solution that drops some."""
    failed = {name: [case for case in cases if not case.exactly(name)] for name in names}
    wrong = [name for name in names if failed[name]]
    if not wrong:
        return []
    case = failed[wrong[0]][0]
    if wrong == list(names):
        return [
            Finding(
                "inputs",
                f"exact test: no solution gives the oracle's results to the last bit, on {case}: "
                "integer_bits and integer_scale in [bound] leave sums that are no doubles",
            )
        ]
    return [Finding(name, f"exact test: not equal to the last bit, on {failed[name][0]}") for name in wrong]


def _said(case: Case, name: str) -> str:
    return f"its results miss the oracle's by {case.worst(name):.3g} times the bound, on {case}"


def _agree(case: Case, names: Sequence[str]) -> bool:
    first = case.results[names[0]]
    return all(
        bool(
            np.all(
                np.abs(case.results[name] - first) <= 2 * np.maximum(case.bound, case.unit * np.abs(first))
            )
        )
        for name in names[1:]
    )
