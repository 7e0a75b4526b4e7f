"""One band's yardsticks on this host: put in order, and chained to the reference by interleaved pairs.

Each is timed against its neighbour, never against a clock alone: absolute figures drift by 15% on shared machines
where ratios hold. A round is one launch of each step of the chain on the same few shapes. Steps are added up shape by
shape before the median is taken: ratios depend on shapes (twofold where rows lie a multiple of the caches' sets
apart), and medians of skewed values do not add up. In every second round the two sides of each step exchange roles,
so that what a role does to a time does not add up along the chain.
"""

from __future__ import annotations

import itertools
import math
import random
import secrets
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot, vector_bytes
from hayate.judge.failures import CandidateFailed
from hayate.judge.native import natives
from hayate.judge.results import YardstickFigure
from hayate.judge.session import LaunchSession, PairTimes
from hayate.judge.shapes import UNIFORM, largest, near
from hayate.judge.stats import Part, combined, interval, mean_part
from hayate.records import Band, Built, HostProfile, Interval, Shape, StandardError, Task
from hayate.sandbox import Sandbox
from hayate.tasks import evaluate_expression

ROUNDS = 6
MOST_ROUNDS = 24
# What the standard error of the longest chain is brought down to by further rounds, while they take no longer than
# this. Half of what is assumed for the drift until a verdict is made (stats.DRIFT), so more would gain little.
PRECISION = 0.01
EXTRA_S = 20.0
SHAPES = 5  # of a round
SLOW_CALL_S = 0.25
SHAPES_SLOW = 3  # where a call of the reference takes longer than that
LAUNCH_TRIES = 3
CONFIDENCE = 0.95
# A yardstick that takes this many times as long as one ranked below it does not suit this host, e.g. by the width of
# its vectors. Its speed says little about another call's, and calibrating it takes most of the time.
HOPELESS = 2.0


@dataclass(frozen=True)
class BandCalibration:
    """`figures` slowest first, without the yardsticks that are left out, which `notes` name."""

    figures: tuple[YardstickFigure, ...]
    peak_gflops: float
    notes: tuple[str, ...]


def calibrate_band(
    task: Task,
    band: Band,
    reference: Built,
    yardsticks: Sequence[Built],
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
) -> BandCalibration:
    """Time the yardsticks, which the task ranks slowest first, against each other and the reference. Raises Fault."""
    place = _Place(task, band, host, slot, sandbox)
    about_ns = _about(place, [reference, *yardsticks])
    kept, notes = rank(yardsticks, about_ns[1:], band.name)
    chain = [reference, *kept]
    count = SHAPES if about_ns[0] < SLOW_CALL_S * 1e9 else SHAPES_SLOW
    rounds: list[Round] = []
    extra_from = time.monotonic()
    while len(rounds) < MOST_ROUNDS:
        shapes = [near(task, band, place.rng) for _ in range(count)]
        rounds.append(_round(place, chain, shapes, exchanged=len(rounds) % 2 == 1))
        if len(rounds) < ROUNDS:
            extra_from = time.monotonic()
        elif _error(rounds, len(kept)) <= PRECISION or time.monotonic() - extra_from > EXTRA_S:
            break
    return BandCalibration(figures(task, band, kept, rounds), statistics.median(place.peaks), notes)


def times_as_fast(
    task: Task, band: Band, one: Built, other: Built, *, host: HostProfile, slot: Slot, sandbox: Sandbox
) -> float | None:
    """About how many times as fast as `other` code `one` is, in one launch; None if it does not run here."""
    place = _Place(task, band, host, slot, sandbox)
    try:
        with place.session(one, [other]) as session:
            times = [place.pair(session, near(task, band, place.rng)) for _ in range(4)]
    except CandidateFailed:
        return None
    return statistics.median(t.yardstick_ns / t.candidate_ns for t in times[1:])


def rank(
    yardsticks: Sequence[Built], about_ns: Sequence[float], band: str
) -> tuple[list[Built], tuple[str, ...]]:
    """Those that suit this host, slowest first as timed, and a note for each of the others."""
    kept: list[tuple[float, int]] = []
    notes = []
    for i, ns in enumerate(about_ns):
        better = min(range(i + 1), key=lambda k: about_ns[k])
        if ns > HOPELESS * about_ns[better]:
            notes.append(
                f"band {band}: {yardsticks[i].name} is left out: it takes {ns / about_ns[better]:.1f} times as long "
                f"here as {yardsticks[better].name}, which the task ranks below it"
            )
        else:
            kept.append((-ns, i))
    return [yardsticks[i] for _, i in sorted(kept)], tuple(notes)


@dataclass
class _Place:
    """Where launches are made, and the peaks that were probed in them."""

    task: Task
    band: Band
    host: HostProfile
    slot: Slot
    sandbox: Sandbox
    rng: random.Random = field(default_factory=lambda: random.Random(secrets.randbits(64)))
    peaks: list[float] = field(default_factory=list)

    def session(self, candidate: Built, opponents: Sequence[Built]) -> LaunchSession:
        return LaunchSession(
            self.task,
            candidate,
            opponents,
            natives=natives(self.task, self.host),
            slot=self.slot,
            sandbox=self.sandbox,
            shapes=[largest(self.task, self.band)],
        )

    def pair(self, session: LaunchSession, shape: Shape, function: int = 0) -> PairTimes:
        return session.pair(
            shape,
            function=function,
            candidate_first=self.rng.random() < 0.5,
            distribution=UNIFORM,
            seed=self.rng.getrandbits(62),
            timeout_s=30.0,
        )


@dataclass(frozen=True)
class Round:
    """`ratios[k][i]`: log of the time of the chain's member k over that of k + 1, on shape i."""

    ratios: tuple[tuple[float, ...], ...]
    log_rates: tuple[float, ...]  # log of the last member's GFLOPS, shape by shape

    def between(self, first: int, last: int) -> float:
        """Log of how many times faster than member `first` member `last` is, at the median shape."""
        return statistics.median(map(sum, zip(*self.ratios[first:last], strict=True)))

    @property
    def log_rate(self) -> float:
        return statistics.median(self.log_rates)


def _round(place: _Place, chain: Sequence[Built], shapes: Sequence[Shape], *, exchanged: bool) -> Round:
    ratios: list[tuple[float, ...]] = []
    rates: tuple[float, ...] = ()
    for slower, faster in itertools.pairwise(chain):
        times = (
            _launch(place, slower, faster, shapes) if exchanged else _launch(place, faster, slower, shapes)
        )
        candidate, yardstick = [t.candidate_ns for t in times], [t.yardstick_ns for t in times]
        slow, fast = (candidate, yardstick) if exchanged else (yardstick, candidate)
        ratios.append(tuple(math.log(s / f) for s, f in zip(slow, fast, strict=True)))
        rates = tuple(
            math.log(float(evaluate_expression(place.task.flops, shape)) / ns)
            for shape, ns in zip(shapes, fast, strict=True)
        )
    return Round(tuple(ratios), rates)


def _error(rounds: Sequence[Round], last: int) -> float:
    return math.sqrt(mean_part([r.between(0, last) for r in rounds]).variance)


def _recorded(part: Part) -> StandardError:
    return StandardError(value=math.sqrt(part.variance), freedom=part.freedom)


def figures(
    task: Task, band: Band, yardsticks: Sequence[Built], rounds: Sequence[Round]
) -> tuple[YardstickFigure, ...]:
    """The chain added up, for the yardsticks in its order: ratios from the reference on, GFLOPS from the fastest down.

    The fastest one's raw rate carries the others': one absolute figure, all else ratios.
    """
    top = [r.log_rate for r in rounds]
    centre = float(evaluate_expression(task.flops, band.center))
    found = []
    for k, built in enumerate(yardsticks, 1):
        values = [r.between(0, k) for r in rounds]
        part = mean_part(values)
        ratio = interval(statistics.fmean(values), [part], CONFIDENCE)
        down = [r.between(k, len(yardsticks)) for r in rounds] if k < len(yardsticks) else [0.0] * len(rounds)
        gflops = math.exp(statistics.fmean(top) - statistics.fmean(down))
        found.append(
            YardstickFigure(
                name=built.name,
                band=band.name,
                gflops=gflops,
                gflops_error=_recorded(combined([mean_part(top), mean_part(down)])),
                speedup=Interval(
                    value=math.exp(ratio.value),
                    low=math.exp(ratio.low),
                    high=math.exp(ratio.high),
                    confidence=CONFIDENCE,
                ),
                speedup_error=_recorded(part),
                call_ns=centre / gflops,
            )
        )
    return tuple(found)


def _about(place: _Place, chain: Sequence[Built]) -> list[float]:
    """About how long a call of each takes: the shorter of two, in one launch beside the first one."""
    first, others = chain[0], chain[1:]
    try:
        with place.session(first, others) as session:
            place.pair(session, place.band.center, len(others) - 1)  # the first is slow
            times = [
                [place.pair(session, place.band.center, function) for _ in range(2)]
                for function in range(len(others))
            ]
    except CandidateFailed as failure:
        raise _broken(place.task, first, failure) from failure
    own = min(t.candidate_ns for pairs in times for t in pairs)
    return [float(own), *(float(min(t.yardstick_ns for t in pairs)) for pairs in times)]


def _broken(task: Task, built: Built, failure: CandidateFailed) -> Fault:
    return Fault(
        FaultKind.YARDSTICK_BROKEN,
        f"{task.name}: {built.name} failed: {failure.reason}",
        remedy=f"hayate tasks check {task.name}",
    )


def _launch(place: _Place, candidate: Built, other: Built, shapes: Sequence[Shape]) -> list[PairTimes]:
    """Again where the scheduler disturbed it or the machine may have failed it: what is kept is used for days."""
    for attempt in range(LAUNCH_TRIES):
        try:
            with place.session(candidate, [other]) as session:
                place.peaks.append(session.peak_gflops(vector_bytes(place.host.arch)))
                place.pair(session, largest(place.task, place.band))  # warms up, and grows what they keep
                found = [place.pair(session, shape) for shape in shapes]
        except CandidateFailed as failure:
            if failure.doubtful and attempt < LAUNCH_TRIES - 1:
                continue
            raise _broken(place.task, candidate, failure) from failure
        if 2 * sum(t.candidate_delayed or t.yardstick_delayed for t in found) <= len(found):
            return found
    raise Fault(
        FaultKind.HOST_TOO_NOISY,
        f"the scheduler disturbed {LAUNCH_TRIES} launches of {place.task.name}'s calibration in band "
        f"{place.band.name}",
        remedy="end other work on this machine, or allow real-time priority; hayate doctor",
    )
