"""What `build` and `measure` return. `evaluate` makes verdicts of them."""

from __future__ import annotations

from hayate.records import (
    Decision,
    Interval,
    Metric,
    Numbers,
    Outcome,
    Record,
    Speedup,
    StandardError,
    Step,
    Technique,
    Timing,
)


class Rejection(Record):
    """The candidate did not pass guard or build: its own fault, with the reason."""

    outcome: Outcome
    reason: str
    numbers: Numbers = {}
    techniques: tuple[Technique, ...] = ()
    object_hash: str = ""
    steps: tuple[Step, ...] = ()
    wall_s: float = 0.0
    guess: bool = False  # a surrogate's: nothing was compiled


class Measurement(Record):
    """What was found by running. `timing` and what derives from it are there only if accepted and timed."""

    outcome: Outcome
    reason: str
    numbers: Numbers = {}
    timing: Timing | None = None
    metric: Metric | None = None
    speedup: Speedup | None = None
    decision: Decision = ""
    rival: Rejection | None = None  # how the rival failed, which leaves a head-to-head undecided
    steps: tuple[Step, ...] = ()
    wall_s: float = 0.0
    guess: bool = False  # a surrogate's: nothing was run


class YardstickFigure(Record):
    """A yardstick in one band on one host: ratio to the reference by a chain of interleaved pairs."""

    name: str
    band: str
    gflops: float  # for people
    gflops_error: StandardError  # of its logarithm, the host's drift aside
    speedup: Interval  # reference time over yardstick time
    speedup_error: StandardError  # of its logarithm
    call_ns: float  # about what one call takes at the band's centre


class TaskCalibration(Record):
    """The yardsticks of a task on one host. `figures` lack those that are hopeless there; `notes` say so."""

    task_hash: str
    fingerprint: str
    judge_version: str
    made_at: str
    peak_gflops: float  # FMA peak of one core, probed in the same launches
    figures: tuple[YardstickFigure, ...]
    notes: tuple[str, ...] = ()

    def of(self, name: str, band: str) -> YardstickFigure | None:
        return next((f for f in self.figures if f.name == name and f.band == band), None)

    def ranked(self, band: str) -> tuple[YardstickFigure, ...]:
        """The band's figures, slowest first as measured here."""
        return tuple(sorted((f for f in self.figures if f.band == band), key=lambda f: -f.call_ns))
