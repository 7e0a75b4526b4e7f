"""Spearman's rank correlation with a bootstrap interval. Seeded: made twice it says the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hayate.records import Interval

CONFIDENCE = 0.95
MIN_PAIRS = 10  # fewer have no interval worth telling
_WORK = 4_000_000  # values ranked for one interval at most
_Floats = NDArray[np.float64]


def rank_correlation(guessed: ArrayLike, measured: ArrayLike) -> Interval | None:
    """Of the pairs; None of fewer than MIN_PAIRS, or where one side is all the same.

    >>> rank_correlation(range(20), range(20)).value
    1.0
    """
    x, y = np.asarray(guessed, dtype=np.float64), np.asarray(measured, dtype=np.float64)
    if len(x) < MIN_PAIRS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    value = float(_spearman(x[None], y[None])[0])
    draws = int(min(1000, max(100, _WORK // len(x))))
    picked = np.random.default_rng(0).integers(len(x), size=(draws, len(x)))
    drawn = _spearman(x[picked], y[picked])
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), confidence=CONFIDENCE
    )


def _spearman(x: _Floats, y: _Floats) -> _Floats:
    """Row by row: Pearson's of the ranks, equal values sharing theirs. NaN where one side is all the same."""
    from scipy import stats  # takes more than half a second, and few who import this room rank anything

    a, b = (stats.rankdata(side, axis=1) for side in (x, y))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: _Floats = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.clip(found, -1.0, 1.0)
