"""From raw samples to intervals and decisions. The launch is the sampling unit: what differs from one start of a
process to the next (addresses, pages, placement) is seen once a launch, however many calls are timed in it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hayate.judge.student import quantile
from hayate.records import Launch, Metric, Speedup, StandardError, Timing

# Standard deviation of the log ratio between launches of identical code, assumed where one or two launches can't
# show it (1-2% was seen on virtual machines).
LAUNCH_EFFECT = 0.015
# Standard deviation of the log of a chain to the reference between one calibration and the moment of a verdict, beyond
# the calibration's own error. Six calibrations within forty minutes of a busy virtual machine moved by 0.5% to 2.4%
# beyond theirs, by yardstick; a calibration is used for days, so a little more is assumed, also where less was seen.
DRIFT = 0.025
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


@dataclass(frozen=True)
class Part:
    """A source of an estimate's error: its variance, and the degrees of freedom with which that is known."""

    variance: float
    freedom: float = math.inf

    def times(self, factor: float) -> Part:
        """The same of an estimate that is multiplied by `factor`."""
        return Part(self.variance * factor * factor, self.freedom)


def combined(parts: Sequence[Part]) -> Part:
    """The sum of independent sources, its degrees of freedom by Welch and Satterthwaite."""
    total = sum(part.variance for part in parts)
    if total <= 0:
        return Part(0.0, min((part.freedom for part in parts), default=math.inf))
    # By shares, since squares of very small variances would vanish.
    rest = sum((part.variance / total) ** 2 / part.freedom for part in parts)
    return Part(total, 1 / rest if rest else math.inf)


def interval(value: float, parts: Sequence[Part], confidence: float) -> LogRatio:
    """The t interval about `value` whose error has these sources."""
    error = combined(parts)
    half = quantile(0.5 + confidence / 2, error.freedom) * math.sqrt(error.variance)
    return LogRatio(value, value - half, value + half)


def mean_part(values: Sequence[float]) -> Part:
    """Of the mean of two or more independent values, as they scatter."""
    return Part(statistics.variance(values) / len(values), len(values) - 1)


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


def _own(launches: Sequence[Launch], values: Sequence[float]) -> Part:
    """Of the mean over one band's launches: from three on as they scatter, below that from the pairs' spread and the
    assumed launch effect.
    """
    n = len(launches)
    if n >= 3:
        return mean_part(values)
    return Part(sum(_within(launch) ** 2 + LAUNCH_EFFECT**2 for launch in launches) / n**2)


def _common(errors: Sequence[StandardError | None]) -> Part:
    """Of the mean over one band's launches, by their yardsticks' calibration.

    It is one error for all launches with one yardstick, so their number does not lower it. Chains to different
    yardsticks have their first steps in common; their errors are taken as one, too, which is never too narrow.
    """
    known = [error for error in errors if error is not None]
    if not known:
        return Part(0.0)
    share = sum(error.value for error in known) / len(errors)
    return Part(share * share, min(error.freedom for error in known))


def _drift(launches: Sequence[Launch]) -> list[Part]:
    """What has become of the chain since the calibration. Nothing is known of launches without a recorded error."""
    share = sum(launch.yardstick_speedup_error is not None for launch in launches) / len(launches)
    return [Part((share * DRIFT) ** 2)]


def log_ratio(launches: Sequence[Launch], confidence: float, *, chained: bool) -> LogRatio:
    """Mean over the launches of one band. With `chained` the yardstick's speed-up over the reference is added, and
    the interval holds the calibration's error and its drift.
    """
    value, parts = _band(launches, chained=chained)
    return interval(value, [*parts, *(_drift(launches) if chained else [])], confidence)


def _band(launches: Sequence[Launch], *, chained: bool) -> tuple[float, list[Part]]:
    values = [
        launch.log_ratio + (math.log(launch.yardstick_speedup or 1.0) if chained else 0.0)
        for launch in launches
    ]
    parts = [_own(launches, values)]
    if chained:
        parts.append(_common([launch.yardstick_speedup_error for launch in launches]))
    return statistics.fmean(values), parts


def _by_band(timing: Timing) -> dict[str, list[Launch]]:
    bands: dict[str, list[Launch]] = {}
    for launch in timing.launches:
        bands.setdefault(launch.band, []).append(launch)
    return bands


def speedup(timing: Timing, confidence: float = 0.95, baseline: str = "reference") -> Speedup:
    """Geometric mean over the bands. Against "reference" the yardsticks' calibrated ratios are chained on, with
    their error; against anything else the timing is taken as paired with that very thing."""
    chained = baseline == "reference"
    bands = [_band(launches, chained=chained) for launches in _by_band(timing).values()]
    share = 1 / len(bands)
    parts = [part.times(share) for _, found in bands for part in found]
    if chained:
        parts += _drift(
            timing.launches
        )  # of the machine, so of all bands alike: their number does not lower it
    total = interval(share * sum(value for value, _ in bands), parts, confidence)
    return Speedup(
        baseline=baseline,
        median=math.exp(total.value),
        low=math.exp(total.low),
        high=math.exp(total.high),
        confidence=confidence,
    )


def metric(timing: Timing, confidence: float = 0.95, name: str = "gflops", scale: float = 1.0) -> Metric:
    """GFLOPS for people: the yardstick's calibrated GFLOPS times the measured ratio, geometric mean over bands. Of
    other work: what `name` says, which is `scale` times the work a nanosecond.

    The interval holds the ratio's error and the calibrated figure's. Drift of the host, which moves every raw
    figure, is not in it. Without a calibration (a rival as yardstick) the candidate's own raw median is taken.
    """
    bands = _by_band(timing)
    share = 1 / len(bands)
    centre, parts = 0.0, []
    for launches in bands.values():
        known = [launch.yardstick_gflops for launch in launches if launch.yardstick_gflops]
        if known and len(known) == len(launches):
            # Each launch by its own yardstick's figure: their bare ratios lie far apart where those differ.
            values = [
                math.log(gflops) + launch.log_ratio for gflops, launch in zip(known, launches, strict=True)
            ]
            centre += share * statistics.fmean(values)
            own = [_own(launches, values), _common([launch.yardstick_gflops_error for launch in launches])]
        else:
            _, own = _band(launches, chained=False)
            raw = [
                f / ns for launch in launches for f, ns in zip(launch.flops, launch.candidate_ns, strict=True)
            ]
            centre += share * math.log(statistics.median(raw)) if raw else 0.0
        parts += [part.times(share) for part in own]
    total = interval(centre, parts, confidence)
    return Metric(
        name=name,
        value=scale * math.exp(total.value),
        low=scale * math.exp(total.low),
        high=scale * math.exp(total.high),
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
