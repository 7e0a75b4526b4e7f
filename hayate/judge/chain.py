"""One band's yardsticks on this host: put in order, and each linked to the reference by interleaved pairs.

A verdict's ratio to the reference is a chain of two links: candidate to yardstick, measured then, and yardstick to
reference, measured here. Each yardstick is paired with the reference itself, though that is slow: errors from
neighbour to neighbour add up, and on the first machine such chains came out some 3% above the ratios of the two
alone. A round is one launch, all yardsticks on the same few shapes.
"""

from __future__ import annotations

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
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import UNIFORM, corners, largest, near
from hayate.judge.stats import Part, interval, mean_part
from hayate.judge.times import PairTimes
from hayate.judge.work import work_of_call
from hayate.records import Band, Built, HostProfile, Interval, Shape, StandardError, Task
from hayate.sandbox import Sandbox

ROUNDS = 6
MOST_ROUNDS = 24
# What the largest standard error of a link is brought down to by further rounds, while they take no longer than this.
# Less than what is assumed for the drift until a verdict is made (stats.DRIFT), so more would gain little.
PRECISION = 0.01
EXTRA_S = 10.0
SHAPES = 5  # of a round
SLOW_CALL_S = 0.25  # where a call of the reference takes longer, rounds are shorter and fewer
SHAPES_SLOW = 2
ROUNDS_SLOW = 4
LAUNCH_WALL_S = 600.0
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
    """Time the yardsticks, which the task ranks slowest first, against the reference. Raises Fault."""
    place = _Place(task, band, host, slot, sandbox)
    about_ns = _about(place, reference, yardsticks)
    kept, notes = rank(yardsticks, about_ns[1:], band.name)
    slow = about_ns[0] > SLOW_CALL_S * 1e9
    count, least = (SHAPES_SLOW, ROUNDS_SLOW) if slow else (SHAPES, ROUNDS)
    rounds: list[Round] = []
    extra_from = time.monotonic()
    while len(rounds) < MOST_ROUNDS:
        shapes = [near(task, band, place.rng) for _ in range(count)]
        rounds.append(_round(place, reference, kept, shapes))
        if len(rounds) < least:
            extra_from = time.monotonic()
        elif _error(rounds) <= PRECISION or time.monotonic() - extra_from > EXTRA_S:
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
            shapes=corners(self.task, self.band),
            wall_s=LAUNCH_WALL_S,
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
    """One launch: for each yardstick the medians over its shapes, as a verdict's launches take them."""

    ratios: tuple[float, ...]  # log of the reference's time over the yardstick's
    rates: tuple[float, ...]  # log of the yardstick's GFLOPS, or of what judge/work.py has in their place


def _round(place: _Place, reference: Built, yardsticks: Sequence[Built], shapes: Sequence[Shape]) -> Round:
    times = _launch(place, reference, yardsticks, shapes)
    flops = [work_of_call(place.task, shape) for shape in shapes]
    return Round(
        ratios=tuple(
            statistics.median(math.log(t.candidate_ns / t.yardstick_ns) for t in pairs) for pairs in times
        ),
        rates=tuple(
            statistics.median(math.log(f / t.yardstick_ns) for f, t in zip(flops, pairs, strict=True))
            for pairs in times
        ),
    )


def _error(rounds: Sequence[Round]) -> float:
    links = zip(*(r.ratios for r in rounds), strict=True)
    return math.sqrt(max(mean_part(values).variance for values in links))


def _recorded(part: Part) -> StandardError:
    return StandardError(value=math.sqrt(part.variance), freedom=part.freedom)


def figures(
    task: Task, band: Band, yardsticks: Sequence[Built], rounds: Sequence[Round]
) -> tuple[YardstickFigure, ...]:
    """Means over the rounds, whose scatter gives their errors."""
    centre = work_of_call(task, band.center)
    found = []
    for k, built in enumerate(yardsticks):
        ratios, rates = [r.ratios[k] for r in rounds], [r.rates[k] for r in rounds]
        part = mean_part(ratios)
        ratio = interval(statistics.fmean(ratios), [part], CONFIDENCE)
        gflops = math.exp(statistics.fmean(rates))
        found.append(
            YardstickFigure(
                name=built.name,
                band=band.name,
                gflops=gflops,
                gflops_error=_recorded(mean_part(rates)),
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


def _about(place: _Place, reference: Built, yardsticks: Sequence[Built]) -> list[float]:
    """About how long a call of each takes, the reference first: the shorter of two, in one launch."""
    centre = place.band.center
    times = _launch(place, reference, yardsticks, [centre, centre], warmed=False)
    own = min(t.candidate_ns for pairs in times for t in pairs)
    return [float(own), *(float(min(t.yardstick_ns for t in pairs)) for pairs in times)]


def _launch(
    place: _Place,
    reference: Built,
    yardsticks: Sequence[Built],
    shapes: Sequence[Shape],
    *,
    warmed: bool = True,
) -> list[list[PairTimes]]:
    """For each yardstick its pairs with the reference, shape by shape; `warmed`: after one that does not count.

    Again where the scheduler disturbed it or the machine may have failed it: what is kept is used for days.
    """
    for attempt in range(LAUNCH_TRIES):
        found: list[list[PairTimes]] = [[] for _ in yardsticks]
        try:
            with place.session(reference, yardsticks) as session:
                place.peaks.append(session.peak_gflops(vector_bytes(place.host.arch)))
                if warmed:  # at the largest shape, where what they keep between calls has to grow
                    for function in range(len(yardsticks)):
                        place.pair(session, largest(place.task, place.band), function)
                for shape in shapes:
                    for function in place.rng.sample(range(len(yardsticks)), len(yardsticks)):
                        found[function].append(place.pair(session, shape, function))
        except CandidateFailed as failure:
            if failure.doubtful and attempt < LAUNCH_TRIES - 1:
                continue
            raise Fault(
                FaultKind.YARDSTICK_BROKEN,
                f"{place.task.name}: {reference.name} failed: {failure.reason}",
                remedy=f"hayate tasks check {place.task.where}",
            ) from failure
        every = [t for pairs in found for t in pairs]
        if 2 * sum(t.candidate_delayed or t.yardstick_delayed for t in every) <= len(every):
            return found
    raise Fault(
        FaultKind.HOST_TOO_NOISY,
        f"the scheduler disturbed {LAUNCH_TRIES} launches of {place.task.name}'s calibration in band "
        f"{place.band.name}",
        remedy="end other work on this machine, or allow real-time priority; hayate doctor",
    )
