"""From raw samples to intervals and decisions. The launch is the sampling unit: what differs from one start of a
process to the next (addresses, pages, placement) is seen once a launch, however many calls are timed in it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hayate.records import Launch, Metric, Speedup, Timing

# Standard deviation of the log ratio between launches of identical code, assumed where one or two launches can't
# show it (1-2% was seen on virtual machines).
LAUNCH_EFFECT = 0.015
MEDIAN_ERROR = 1.2533  # standard error of a median in sd / sqrt(n), of normal values: sqrt(pi / 2)
# Prior variance of the effect size (true log ratio in standard deviations between launches) in the sequential test, g
# of the normal mixture. What is worth finding is two per cent and more where launches scatter by one or less. With
# g = 1 no interval is finite before the sixth launch; with 8 it is from the fourth, and a tenth wider after thirty.
MIXTURE_G = 8.0


@dataclass(frozen=True)
class LogRatio:
    """A log ratio with its interval: positive means that the candidate is faster."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """By how much its ends differ, as a ratio less one."""
        return math.expm1(min(self.high - self.low, 700.0))


def _within(launch: Launch) -> float:
    """Standard error of the launch's median log ratio, from its pairs."""
    ratios = [math.log(y / c) for y, c in zip(launch.yardstick_ns, launch.candidate_ns, strict=True)]
    if len(ratios) < 2:
        return 0.05  # one pair says little: five per cent, as seen on noisy hosts
    return max(median_error(ratios), MEDIAN_ERROR * 0.5 * statistics.stdev(ratios) / math.sqrt(len(ratios)))


def median_error(values: Sequence[float]) -> float:
    """Standard error of the median of `values`, by their median absolute deviation: outliers do not count."""
    centre = statistics.median(values)
    spread = 1.4826 * statistics.median([abs(value - centre) for value in values])
    return MEDIAN_ERROR * spread / math.sqrt(len(values))


def log_ratio(launches: Sequence[Launch], confidence: float, *, chained: bool) -> LogRatio:
    """Mean over the launches of one band. With `chained` the yardstick's speed-up over the reference is added.

    From three launches on a t interval over launches; below that a normal one from the pairs' spread and the
    assumed launch effect.
    """
    values = [
        launch.log_ratio + (math.log(launch.yardstick_speedup or 1.0) if chained else 0.0)
        for launch in launches
    ]
    centre = statistics.fmean(values)
    n = len(values)
    if n >= 3:
        from scipy.special import stdtrit  # takes a third of a second, and a training verdict needs none

        half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * statistics.stdev(values) / math.sqrt(n)
    else:
        variance = sum(_within(launch) ** 2 + LAUNCH_EFFECT**2 for launch in launches) / n**2
        half = statistics.NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(variance)
    return LogRatio(centre, centre - half, centre + half)


def _by_band(timing: Timing) -> dict[str, list[Launch]]:
    bands: dict[str, list[Launch]] = {}
    for launch in timing.launches:
        bands.setdefault(launch.band, []).append(launch)
    return bands


def _combine(parts: Sequence[LogRatio]) -> LogRatio:
    """Mean of independent log ratios; half widths add in squares."""
    n = len(parts)
    centre = sum(p.value for p in parts) / n
    half = math.sqrt(sum(((p.high - p.low) / 2) ** 2 for p in parts)) / n
    return LogRatio(centre, centre - half, centre + half)


def speedup(timing: Timing, confidence: float = 0.95, baseline: str = "reference") -> Speedup:
    """Geometric mean over the bands. Against "reference" the yardsticks' calibrated ratios are chained on;
    against anything else the timing is taken as paired with that very thing."""
    chained = baseline == "reference"
    total = _combine(
        [log_ratio(launches, confidence, chained=chained) for launches in _by_band(timing).values()]
    )
    return Speedup(
        baseline=baseline,
        median=math.exp(total.value),
        low=math.exp(total.low),
        high=math.exp(total.high),
        confidence=confidence,
    )


def metric(timing: Timing, confidence: float = 0.95) -> Metric:
    """GFLOPS for people: the yardstick's calibrated GFLOPS times the measured ratio, geometric mean over bands.

    Without a calibration (a rival as yardstick) the candidate's own raw median is taken; the interval is then
    that of the ratio, and drift of the host is not in it.
    """
    parts, figures = [], []
    for launches in _by_band(timing).values():
        ratio = log_ratio(launches, confidence, chained=False)
        known = [launch.yardstick_gflops for launch in launches if launch.yardstick_gflops]
        if known and len(known) == len(launches):
            base = statistics.fmean(
                math.log(launch.yardstick_gflops or 1.0) + launch.log_ratio for launch in launches
            )
        else:
            raw = [
                f / ns for launch in launches for f, ns in zip(launch.flops, launch.candidate_ns, strict=True)
            ]
            base = math.log(statistics.median(raw)) if raw else 0.0
        figures.append(base)
        parts.append(LogRatio(0.0, ratio.low - ratio.value, ratio.high - ratio.value))
    total = _combine(parts)
    centre = sum(figures) / len(figures)
    return Metric(
        name="gflops",
        value=math.exp(centre),
        low=math.exp(centre + total.low),
        high=math.exp(centre + total.high),
    )


def sequential_interval(values: Sequence[float], threshold: float, g: float = MIXTURE_G) -> LogRatio:
    """The interval that a t e-process keeps: all means mu0 whose e-value stays below `threshold`.

    e_n(mu0) is the Bayes factor of a normal mixture on the effect size with variance g against mean mu0,
    e_n = (1 + n g)^(-1/2) [(1 + t^2/nu) / (1 + t^2/(nu (1 + n g)))]^(n/2), nu = n - 1 (Lindon and Malek 2022;
    Perez-Ortiz et al. 2024). It may be looked at after every launch: Ville's inequality pays for the looks, and
    1 - 1/threshold is the confidence over all looks together.
    """
    n = len(values)
    if n < 3:
        return LogRatio(statistics.fmean(values) if n else 0.0, -math.inf, math.inf)
    centre, deviation = statistics.fmean(values), statistics.stdev(values)
    root = (threshold * math.sqrt(1 + n * g)) ** (2 / n)
    rest = 1 - root / (1 + n * g)
    if rest <= 0:
        return LogRatio(centre, -math.inf, math.inf)
    half = math.sqrt((n - 1) * (root - 1) / rest) * deviation / math.sqrt(n)
    return LogRatio(centre, centre - half, centre + half)


@dataclass(frozen=True)
class Decision:
    """Of a head-to-head: "faster", "slower", "equal" (the interval lies within the rule's bound) or "" (not yet)."""

    outcome: Literal["", "faster", "slower", "equal"]
    interval: LogRatio


class Sequential:
    """The head-to-head's rule: looked at after each launch from the third, intervals intersected."""

    def __init__(self, confidence: float = 0.99, equal_within: float = 0.01) -> None:
        self.threshold = 1 / (1 - confidence)
        self.equal_within = equal_within
        self.values: list[float] = []
        self.low, self.high = -math.inf, math.inf

    def add(self, value: float) -> Decision:
        self.values.append(value)
        found = sequential_interval(self.values, self.threshold)
        self.low, self.high = max(self.low, found.low), min(self.high, found.high)
        interval = LogRatio(min(max(found.value, self.low), self.high), self.low, self.high)
        if self.low > 0:
            return Decision("faster", interval)
        if self.high < 0:
            return Decision("slower", interval)
        if max(-self.low, self.high) < self.equal_within:
            return Decision("equal", interval)
        return Decision("", interval)
