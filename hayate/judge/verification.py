"""The calls that are checked before any is timed, and what they covered.

Where the oracle can afford a shape, every element is compared with it. Beyond, every element is compared with the
fastest yardstick's, at twice the bound, and some with the oracle. A thorough check goes up to the corners of the domain
and near every band, as far as the candidate's own speed lets it in the plan's time, and says how far that was.
"""

from __future__ import annotations

import random
import secrets
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hayate.errors import Fault, FaultKind
from hayate.judge.failures import CandidateFailed
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import (
    UNIFORM,
    beyond,
    elements,
    everywhere,
    near,
    sample,
    usable,
    with_distributions,
)
from hayate.records import HostProfile, MeasurePlan, Outcome, Shape, Task
from hayate.tasks import evaluate_expression

CALL_TIMEOUT_S = 5.0
TOTAL_S = 15.0  # of all checked calls of a launch
LARGE_OF = 6  # of so many verified shapes one more is beyond what the oracle can afford
AGAIN = 2  # checked once more when a launch is repeated
# Of a thorough check: a call that would take longer, by the slowest before it, is left out, and all together take this
# share of the plan's time. A plain kernel that no longer fits the caches is ten times slower a unit of work than
# before, and that is no fault of its: the limit of the call itself is far above what is expected.
THOROUGH_CALL_S = 3.0
THOROUGH_LIMIT_S = 30.0
THOROUGH_LEFT = 0.25  # of what is left of that share, for the same reason
THOROUGH_SHARE = 0.5

COMPARED_LEAST = 0.5  # share of the calls that the oracle must be able to judge
CLASS_LEAST = 4  # calls, of which a share says something

Case = tuple[Shape, int]  # with the distribution of its values


@dataclass(frozen=True)
class Cases:
    """`small` ones are for the oracle alone, `large` ones beside a yardstick."""

    small: tuple[Case, ...]
    large: tuple[Case, ...] = ()

    def __len__(self) -> int:
        return len(self.small) + len(self.large)

    @property
    def shapes(self) -> list[Shape]:
        return [shape for shape, _ in (*self.small, *self.large)]

    def few(self) -> Cases:
        """For a launch that is repeated."""
        return Cases(self.small[:AGAIN], self.large[:1])


@dataclass
class Covered:
    """What was checked so far."""

    shapes: int = 0
    beyond: int = 0  # of them beyond what the oracle can afford
    too_slow: int = 0  # left out of a thorough check
    unknown: int = 0  # too near a branch, or the oracle knows next to nothing: honest results differ
    largest: Shape | None = None  # by the oracle's work
    largest_work: float = 0.0
    worst_error: float = 0.0  # in units of its bound
    reach: Reach | None = None  # how pairs were compared, where bounds are the oracle's alone

    def note(self, shape: Shape, work: float, error: float, *, large: bool) -> None:
        self.shapes += 1
        self.beyond += large
        self.worst_error = max(self.worst_error, error)
        if work > self.largest_work:
            self.largest, self.largest_work = shape, work

    def numbers(self) -> dict[str, float]:
        found = {"verified_shapes": float(self.shapes), "worst_error_in_bounds": self.worst_error}
        found["verified_beyond_oracle"] = float(self.beyond)
        if self.too_slow:
            found["verification_left_out"] = float(self.too_slow)
        if self.unknown:
            found["verification_near_branches"] = float(self.unknown)
        return found | (self.reach.numbers() if self.reach is not None else {})

    def words(self) -> str:
        """For a person: "26 shapes, the largest M=400 N=380 K=90"."""
        if self.largest is None:
            return f"{self.shapes} shapes"
        sizes = " ".join(f"{name}={value}" for name, value in self.largest.items())
        left = f" ({self.too_slow} larger ones left out, too slow)" if self.too_slow else ""
        return f"{self.shapes} shapes, the largest {sizes}{left}"


class Reach:
    """How far two honest results may be apart where the oracle is dear: known from where it was cheap.

    Of each written array the widest bound as a share of its largest magnitude, on the same distribution of values. It
    grows with the work for one output, since errors add up as terms do. Of several draws the median counts, for where
    a sum cancels its bound is no share of it. A reach that is too narrow costs an answer of the oracle, which decides
    whenever two results are further apart; one that is too wide would let a wrong result pass, and so it is WEAK at
    most, and where it would be more the oracle is asked once a launch if that takes ORACLE_MOST_S. Where nothing is
    known it is asked each time.
    """

    ROOM = 8.0
    WEAK = 0.01
    ORACLE_MOST_S = 2.0
    AMONG = 3  # the first pairs of a launch, of which any may be the one that is examined
    ASK = -1.0

    def __init__(self, task: Task) -> None:
        self.task = task
        # distribution -> array -> shares for one unit of work
        self._seen: dict[int, dict[str, list[float]]] = {}
        self._oracle = (0.0, 0.0)  # work and seconds of its largest call so far
        self._wait: int | None = None  # pairs until one is examined; None: one was
        self.by_oracle = self.by_reach = 0  # pairs
        self.widest = 0.0  # reach of those

    def begin(self) -> None:
        """A launch's next pairs: one of them may be examined."""
        self._wait = secrets.randbelow(self.AMONG)

    def note(self, shape: Shape, distribution: int, found: Mapping[str, float], oracle_s: float) -> None:
        kept = self._seen.setdefault(distribution, {})
        for name, share in found.items():
            kept.setdefault(name, []).append(share / self._terms(shape))
        self._oracle = max(self._oracle, (work_of(self.task, shape), oracle_s))

    def at(self, shape: Shape, distribution: int) -> dict[str, float]:
        """For `LaunchSession.pair`; nothing for a task whose oracle has a bound for every size, or is no estimate."""
        if self.task.correct != "automatic":
            return {}
        found = {}
        for a in self.task.written:
            known = self._known(a.name, distribution)
            found[a.name] = self.ASK if known is None else self.ROOM * known * self._terms(shape)
        if self._asks(shape, max(found.values(), default=0.0)):
            found = dict.fromkeys(found, self.ASK)
        if self.ASK in found.values():
            self.by_oracle += 1
            return found
        self.by_reach += 1
        found = {name: min(reach, self.WEAK) for name, reach in found.items()}
        self.widest = max(self.widest, *found.values())
        return found

    def numbers(self) -> dict[str, float]:
        """Of all pairs so far: how they were compared."""
        if not (self.by_oracle or self.by_reach):
            return {}
        return {
            "pairs_against_oracle": float(self.by_oracle),
            "pairs_by_reach": float(self.by_reach),
            "widest_reach": self.widest,
        }

    def _known(self, name: str, distribution: int) -> float | None:
        """By the draws of this distribution, or by all where it had none. Zeros are those of exact results."""
        every = [each.get(name, []) for each in self._seen.values()]
        shares = self._seen.get(distribution, {}).get(name) or [x for each in every for x in each]
        return statistics.median([x for x in shares if x > 0] or shares) if shares else None

    def _asks(self, shape: Shape, reach: float) -> bool:
        if reach <= self.WEAK or self._wait is None:
            return False
        work, seconds = self._oracle
        if seconds * work_of(self.task, shape) > self.ORACLE_MOST_S * max(work, 1.0):
            return False
        self._wait = self._wait - 1 if self._wait else None
        return self._wait is None

    def _terms(self, shape: Shape) -> float:
        counts = zip(elements(self.task, shape), self.task.arrays, strict=True)
        outputs = sum(n for n, a in counts if a.kind != "input")
        return max(1.0, work_of(self.task, shape) / max(1, outputs))


def cases(task: Task, plan: MeasurePlan, rng: random.Random, host: HostProfile) -> Cases:
    """What a measurement begins with."""
    shapes = sample(task, plan.verify_shapes, rng)
    if plan.thorough:
        few = plan.verify_shapes // 4  # edges and the like, as in every verdict
        shapes = [*shapes[:few], *everywhere(task, plan.verify_shapes - few, rng)]
    large = beyond(task, plan.verify_shapes // LARGE_OF, rng, host=host, thorough=plan.thorough)
    if plan.thorough:
        bands = [near(task, band, rng) for band in task.bands for _ in usable(task, band.center)]
        kinds = [kind for band in task.bands for kind in usable(task, band.center)]
        large = (*large, *zip(bands, kinds, strict=True))
        large = tuple(sorted(large, key=lambda case: work_of(task, case[0])))  # what is too slow comes last
    return Cases(with_distributions(task, shapes, rng), large)


def afterwards(wanted: Cases, rng: random.Random) -> Cases:
    """Once the timed calls are over: is it still right where it was? On values of which none is zero."""
    shapes = [shape for shape, _ in rng.sample(wanted.small, min(AGAIN, len(wanted.small)))]
    return Cases(tuple((shape, UNIFORM) for shape in shapes))


def again(task: Task, checked: Sequence[Shape], rng: random.Random) -> Cases:
    """A later launch looks once more: at any of the shapes, on any distribution."""
    return Cases(with_distributions(task, rng.sample(list(checked), min(1, len(checked))), rng))


def _mixed(wanted: Cases, rng: random.Random) -> list[tuple[Case, bool]]:
    """All in one order, with whether it is a large one: small ones come before and after large ones, or a kernel might
    be right on them only until it has seen one. Large ones keep their order, cheapest first."""
    places = [False] * len(wanted.small) + [True] * len(wanted.large)
    rng.shuffle(places)
    small, large = iter(wanted.small), iter(wanted.large)
    return [(next(large if place else small), place) for place in places]


def work_of(task: Task, shape: Shape) -> float:
    return float(evaluate_expression(task.oracle_work, shape))


def verify(
    session: LaunchSession,
    wanted: Cases,
    covered: Covered,
    *,
    plan: MeasurePlan,
    rng: random.Random,
    reach: Reach,
) -> None:
    """Check them all in this launch. Raises what the session raises, and CandidateFailed(TIMED_OUT)."""
    task, began = session.task, time.monotonic()
    total_s = plan.wall_s if plan.thorough else TOTAL_S
    limit_s = (
        max(CALL_TIMEOUT_S, min(THOROUGH_LIMIT_S, THOROUGH_SHARE * plan.wall_s))
        if plan.thorough
        else CALL_TIMEOUT_S
    )
    covered.reach = reach
    reach.begin()
    compared: list[tuple[float, bool]] = []  # work of each small call, and whether it was
    slowest_s = 0.0  # per unit of work, of the large calls so far
    twice = rng.randrange(len(wanted.small)) if wanted.small else -1
    for i, ((shape, distribution), large) in enumerate(_mixed(wanted, rng)):
        work, seed = work_of(task, shape), rng.getrandbits(62)
        if not large:
            found = session.verify(shape, distribution, seed, CALL_TIMEOUT_S)
            if len(compared) == twice:
                # The same sizes with other values: nothing of the call before may be left.
                session.verify(shape, distribution, rng.getrandbits(62), CALL_TIMEOUT_S)
            error = found.worst_error
            compared.append((work, found.compared))
            if not found.compared:
                covered.unknown += 1
                continue
            reach.note(shape, distribution, found.reach, found.oracle_s)
        else:
            left_s = THOROUGH_SHARE * plan.wall_s - (time.monotonic() - began)
            if plan.thorough and slowest_s * work > min(THOROUGH_CALL_S, THOROUGH_LEFT * left_s):
                covered.too_slow += 1
                continue
            times = session.pair(
                shape,
                function=len(session.opponents) - 1,
                candidate_first=rng.random() < 0.5,
                distribution=distribution,
                seed=seed,
                timeout_s=limit_s,
                reach=reach.at(shape, distribution),
            )
            error = times.worst_error
            slowest_s = max(slowest_s, 1e-9 * times.candidate_ns / max(work, 1.0))
        covered.note(shape, work, error, large=large)
        if session.candidate_s > total_s:
            raise CandidateFailed(
                Outcome.TIMED_OUT,
                f"{i + 1} of {len(wanted)} verified calls took {session.candidate_s:.3g} s in all, "
                f"more than {total_s:.3g} s",
                {"calls_s": session.candidate_s, "limit_s": total_s},
            )
    reach.begin()
    _must_tell(task, compared)


def _must_tell(task: Task, compared: Sequence[tuple[float, bool]]) -> None:
    """Of all calls, of the smaller half and of the larger one, each if it is enough to say so, COMPARED_LEAST must have
    been compared: a task that is nearly always near a branch would let anything pass. Raises Fault."""
    by_work = [told for _, told in sorted(compared)]
    half = len(by_work) // 2
    classes = {"": by_work, "smaller ": by_work[:half], "larger ": by_work[half:]}
    for name, told in classes.items():
        if len(told) >= CLASS_LEAST and sum(told) < COMPARED_LEAST * len(told):
            raise Fault(
                FaultKind.YARDSTICK_BROKEN,
                f"too near branches: of {len(told)} {name}calls of {task.name} only {sum(told)} could be compared, for "
                "honest results differ in the others",
                remedy=f"mend [[argument]] values in task.toml, or the conditions in the reference, of {task.where}",
            )
