"""Intervals against known values and simulated truth."""

from __future__ import annotations

import random

import pytest

from hayate.report import statistics
from hayate.report.words import duration, figure, percent, plural, span, times


def test_wilson_of_textbook_cases() -> None:
    half = statistics.wilson(50, 100)
    assert half is not None
    assert (half.value, half.low, half.high) == pytest.approx((0.5, 0.40383, 0.59617), abs=1e-5)
    none, all_ = statistics.wilson(0, 10), statistics.wilson(10, 10)
    assert none is not None
    assert all_ is not None
    assert (none.low, none.high) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert (all_.low, all_.high) == pytest.approx((0.72247, 1.0), abs=1e-5)
    assert statistics.wilson(0, 0) is None


def test_difference_of_shares_by_newcombe() -> None:
    """Newcombe 1998, method 10: 56/70 less 48/80 is 0.2000 (0.0524 to 0.3339)."""
    first, last = statistics.wilson(48, 80), statistics.wilson(56, 70)
    assert first is not None
    assert last is not None
    change = statistics.share_difference(first, last)
    assert (change.value, change.low, change.high) == pytest.approx((20.0, 5.24, 33.39), abs=0.01)


def test_bootstrap_over_groups_covers_the_median() -> None:
    """Groups that differ among themselves: an interval over single values would cover far too seldom."""
    rng = random.Random(1)
    hits = 0
    for _ in range(40):
        groups = []
        for _ in range(24):
            shift = rng.gauss(0, 5)
            groups.append([50 + shift + rng.gauss(0, 1) for _ in range(16)])
        found = statistics.median(groups)
        assert found is not None
        hits += found.low <= 50 <= found.high
    assert hits >= 34


def test_bootstrap_repeats_itself_and_holds_its_value() -> None:
    groups = [[1.0, 2.0, 9.0], [4.0], [], [5.0, 6.0]]
    one, two = statistics.median(groups), statistics.median(groups)
    assert one == two
    assert one is not None
    assert one.low <= one.value <= one.high
    assert one.value == 4.5
    assert statistics.median([]) is None
    assert statistics.median([[]]) is None


def test_ratio_of_medians() -> None:
    ratio = statistics.median_ratio([[10.0] * 5] * 8, [[25.0] * 5] * 8)
    assert ratio is not None
    assert (ratio.value, ratio.low, ratio.high) == (2.5, 2.5, 2.5)
    assert statistics.median_ratio([], [[1.0]]) is None


def test_words() -> None:
    assert [figure(v) for v in (0.0123, 1.0549, 31.94, 912.3)] == ["0.012", "1.05", "31.9", "912"]
    assert figure(None) == percent(None) == duration(None) == times(None)
    assert [percent(v) for v in (0.841, 0.9971, 1.0, 0.031)] == ["84%", "99.7%", "100%", "3.1%"]
    assert [duration(v) for v in (4.2, 42.2, 83, 9240)] == ["4.2 s", "42 s", "1 min 23 s", "2 h 34 min"]
    assert plural(1, "verdict"), plural(1200, "verdict") == ("1 verdict", "1,200 verdicts")
    assert span(None) == ""
