"""Who is wrong where the oracle is the reference with running numbers: the values it is given, it, or a yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hayate.judge.proving.blame import REFERENCE, TELLING, Finding, lower_precision
from hayate.judge.proving.numbers import Doubles

NEAR_MOST = 0.1  # share of calls that may be too near a branch to be compared
KNOWN_LEAST = 0.5  # share of numbers that must have a finite bound


@dataclass(frozen=True)
class RunningCase:
    """One call of the oracle and of every solution on the same inputs; numbers of all written arrays, joined."""

    said: str  # for a person: "uniform inputs at n = 8"
    kind: str
    near: int  # branches that were too near to tell: nothing is compared
    want: Doubles
    bound: Doubles  # complete; infinite where nothing is known
    unit: Doubles
    results: dict[str, Doubles]

    def worst(self, name: str) -> float:
        """In units of the bound."""
        known = np.isfinite(self.bound)
        with np.errstate(all="ignore"):
            miss = np.abs(self.results[name] - self.want)[known]
            units = np.where(miss == 0, 0.0, miss / self.bound[known])
        return float(np.max(np.where(np.isnan(units), np.inf, units), initial=0.0))


def blame_running(cases: Sequence[RunningCase]) -> list[Finding]:
    """At most one finding a part; none where all fits together."""
    near = [case for case in cases if case.near]
    if len(near) > NEAR_MOST * len(cases):
        return [
            Finding(
                "branches",
                f"{len(near)} of {len(cases)} calls are so near a branch that honest results differ, as on "
                f"{near[0].said}",
            )
        ]
    far = [case for case in cases if not case.near]
    for case in far:
        if found := _numbers(case) or _telling(case):
            return [found]
    names = list(dict.fromkeys(name for case in far for name in case.results))
    missed = {name: [c for c in far if name in c.results and c.worst(name) > 1] for name in names}
    wrong = [name for name in names if missed[name]]
    if REFERENCE in wrong:
        case = missed[REFERENCE][0]
        reason = (
            f"compiled, it misses its own oracle by {case.worst(REFERENCE):.3g} times the bound, on {case.said}: it "
            "reads what is not written, or computes in a way that the oracle can't follow"
        )
        return [Finding(REFERENCE, reason)]
    return [
        Finding(
            name,
            f"its results miss the reference's by {missed[name][0].worst(name):.3g} times the bound, on "
            f"{missed[name][0].said}",
        )
        for name in wrong
    ]


def _numbers(case: RunningCase) -> Finding | None:
    known = np.isfinite(case.bound)
    if np.isnan(case.bound).any() or (case.bound < 0).any():
        return Finding(REFERENCE, f"its oracle gives bounds that are no numbers, on {case.said}")
    if known.mean() < KNOWN_LEAST if known.size else False:
        return Finding(
            "values", f"{case.said}: nothing is known of {np.count_nonzero(~known)} of {known.size} results"
        )
    if np.isfinite(case.want[known]).all():
        return None
    if all(not np.isfinite(result).all() for result in case.results.values()):
        return Finding(
            "values", f"{case.said} lead to results that are no numbers, in every solution as in the oracle"
        )
    return Finding(REFERENCE, f"its oracle gives results that are no numbers, on {case.said}")


def _telling(case: RunningCase) -> Finding | None:
    """A bound that excludes nothing proves nothing."""
    rounded = np.isfinite(case.bound) & (case.unit > 0)
    if case.kind != "uniform" or not rounded.any():
        return None
    usual = float(np.median(np.abs(case.want[rounded])))
    share = float(np.median(case.bound[rounded])) / usual if usual else 0.0
    unit = float(case.unit.max())
    if share <= TELLING[unit]:
        return None
    return Finding(
        REFERENCE,
        f"the error that honest orders of its operations make is {share:.2g} of its results, on {case.said}: "
        f"{lower_precision(unit)} precision would pass",
    )
