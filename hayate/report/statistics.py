"""Intervals for shares, medians and their ratios. Seeded, so that a report made twice says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from hayate.records import Interval

CONFIDENCE = 0.95
_WORK = 10_000_000  # values drawn for one interval at most
_BLOCK = 1_000_000  # values held at a time
_Floats = NDArray[np.float64]
_FEW_GROUPS = 6  # below this, groups are too few to be the unit of the bootstrap


def wilson(hits: int, of: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's score interval of a share; None of nothing.

    >>> round(wilson(0, 10).high, 3)
    0.278
    """
    if of == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / of
    centre = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(value=share, low=min(low, share), high=max(high, share), confidence=confidence)


def share_difference(first: Interval, last: Interval) -> Interval:
    """Last less first in percentage points, by Newcombe's hybrid of two Wilson intervals."""
    change = last.value - first.value
    low = change - math.hypot(last.value - last.low, first.high - first.value)
    high = change + math.hypot(last.high - last.value, first.value - first.low)
    return Interval(value=100 * change, low=100 * low, high=100 * high, confidence=first.confidence)


def median(groups: Sequence[Sequence[float]], confidence: float = CONFIDENCE) -> Interval | None:
    """Median of all values, with a percentile bootstrap over groups; over values where groups are few."""
    values = [v for group in groups for v in group]
    if not values:
        return None
    drawn = _medians(groups, np.random.default_rng(0))
    return _interval(float(np.median(values)), drawn, confidence)


def median_ratio(
    first: Sequence[Sequence[float]], last: Sequence[Sequence[float]], confidence: float = CONFIDENCE
) -> Interval | None:
    """Median of `last` over median of `first`, each bootstrapped on its own."""
    one, two = [v for g in first for v in g], [v for g in last for v in g]
    if not one or not two or np.median(one) <= 0:
        return None
    rng = np.random.default_rng(0)
    a, b = _medians(first, rng), _medians(last, rng)
    size = min(len(a), len(b))
    return _interval(float(np.median(two) / np.median(one)), b[:size] / a[:size], confidence)


def _medians(groups: Sequence[Sequence[float]], rng: np.random.Generator) -> _Floats:
    """Medians of resampled groups: each draw weighs a group's values by how often it was picked."""
    units = [list(g) for g in groups if len(g)]
    if len(units) < _FEW_GROUPS:
        units = [[v] for unit in units for v in unit]
    values = np.array([v for unit in units for v in unit], dtype=np.float64)
    owner = np.repeat(np.arange(len(units)), [len(unit) for unit in units])
    order = np.argsort(values, kind="stable")
    values, owner = values[order], owner[order]
    draws = int(min(2000, max(200, _WORK // len(values))))
    even = np.full(len(units), 1 / len(units))
    found = np.empty(draws)
    step = max(1, _BLOCK // len(values))
    for at in range(0, draws, step):
        picked = rng.multinomial(len(units), even, size=min(step, draws - at))
        below = np.cumsum(picked[:, owner], axis=1)
        half = below[:, -1:] / 2
        lower, upper = (below < half).sum(axis=1), (below <= half).sum(axis=1)
        found[at : at + step] = (values[lower] + values[upper]) / 2
    return found


def _interval(value: float, drawn: _Floats, confidence: float) -> Interval:
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), confidence=confidence
    )
