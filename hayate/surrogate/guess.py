"""A guess, and the names under which a verdict's numbers carry it.

A guess has no timing, no object in the measurements and no place among the elites; `guess` is True wherever it
goes. Where a candidate was measured after it was guessed, the numbers of its verdict hold both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hayate.judge.results import Measurement
from hayate.records import Interval, Metric, Outcome, Speedup

BASELINE = "reference"
SPEEDUP, PASSES = "guessed_speedup", "guessed_acceptance"
AUDIT = "guess_audit"  # 1: measured at random, whatever was guessed; 0: measured because of its rank
OBJECTS = "guess_trained_on"  # distinct object codes
HELD_OUT = ("guess_held_out", "guess_held_out_low", "guess_held_out_high")

_ID = "guess:"  # begins the object hash of what was never compiled


@dataclass(frozen=True)
class Guess:
    """What a surrogate says of one candidate, and how good it was on what it had not seen."""

    speedup: float  # if it is right
    low: float
    high: float
    passes: float  # probability that it is accepted
    failure: Outcome  # the likeliest one if it is not
    objects: int  # trained on so many distinct object codes
    held_out: Interval | None  # rank correlation
    metric: tuple[str, float] | None  # its name and its value at a speed-up of 1

    @property
    def score(self) -> float:
        """To rank by: the speed-up that may be expected, a failure counted as 0."""
        return self.passes * self.speedup

    def numbers(self, audit: bool | None = None) -> dict[str, float]:
        """For a verdict. `audit` None: it is not measured."""
        found = {SPEEDUP: self.speedup, PASSES: self.passes, OBJECTS: float(self.objects)}
        if audit is not None:
            found[AUDIT] = float(audit)
        if self.held_out is not None:
            held = self.held_out
            found |= dict(zip(HELD_OUT, (held.value, held.low, held.high), strict=True))
        return found

    def measurement(self, *, timed: bool = True) -> Measurement:
        """In the place of a measurement, marked. `timed` False: for a plan without launches."""
        learned = f"by a surrogate that learned from {self.objects} object codes; nothing was run"
        if self.passes < 0.5:
            reason = f"guessed to be {self.failure.value.replace('_', ' ')} ({1 - self.passes:.0%}) {learned}"
            return Measurement(outcome=self.failure, reason=reason, numbers=self.numbers(), guess=True)
        if not timed:
            reason = f"guessed to be right ({self.passes:.0%}) {learned}"
            return Measurement(outcome=Outcome.ACCEPTED, reason=reason, numbers=self.numbers(), guess=True)
        about = f"{self.speedup:.3g}x {BASELINE} ({self.low:.3g} to {self.high:.3g} at 95%)"
        return Measurement(
            outcome=Outcome.ACCEPTED,
            reason=f"guessed to be right, {about}, {learned}",
            numbers=self.numbers(),
            metric=self._metric(),
            speedup=Speedup(
                baseline=BASELINE, median=self.speedup, low=self.low, high=self.high, confidence=0.95
            ),
            guess=True,
        )

    def _metric(self) -> Metric | None:
        if self.metric is None:
            return None
        name, unit = self.metric
        return Metric(name=name, value=unit * self.speedup, low=unit * self.low, high=unit * self.high)


def guessed_id(candidate_hash: str) -> str:
    """In the place of the hash of an object that was never made."""
    return _ID + candidate_hash


def is_guessed_id(object_hash: str) -> bool:
    return object_hash.startswith(_ID)


def held_out_of(numbers: Mapping[str, float]) -> Interval | None:
    """The held-out rank correlation that a guess came with."""
    if not all(name in numbers for name in HELD_OUT):
        return None
    value, low, high = (numbers[name] for name in HELD_OUT)
    return Interval(value=value, low=low, high=high)
