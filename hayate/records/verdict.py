"""What the judge found: outcome, reason with numbers, raw timing, and the host that it holds for."""

from __future__ import annotations

import math
import statistics
from enum import StrEnum
from typing import Literal

from pydantic import Field

from hayate.records.base import Numbers, Record
from hayate.records.task import Technique

FAR_TIMES = 2.0  # beyond this a yardstick is no neighbour


class Outcome(StrEnum):
    VIOLATION = "violation"  # format, forbidden library, technique not permitted
    CHEATED = "cheated"
    BUILD_FAILED = "build_failed"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    WRONG = "wrong"
    ACCEPTED = "accepted"


# Of a head-to-head: the interval excludes 1, or lies close enough around it, or neither. "": there was no rival.
Decision = Literal["", "faster", "slower", "equal", "undecided"]


class Interval(Record):
    """A value with the interval that holds it at the stated confidence."""

    value: float
    low: float
    high: float
    confidence: float = 0.95


class StandardError(Record):
    """Of the logarithm of a figure, and its degrees of freedom: how well it is known itself."""

    value: float = Field(ge=0)
    freedom: float = Field(ge=1, allow_inf_nan=False)


class HostProfile(Record):
    """A machine as far as its figures compare. Calibration expires; `host_class` names machines that compare."""

    fingerprint: str  # changes with CPU, kernel, compiler, cores, memory
    host_class: str  # "Intel Xeon ... x86-64-v4": CPU model and architecture level
    cpu: str
    cores: int
    arch: str  # "x86-64-v4", given to the compiler as -march
    memory_bytes: int
    kernel: str
    compiler: str
    peak_gflops: Interval | None = None  # measured FMA peak of one core, double precision
    bandwidth_gbs: dict[str, Interval] = {}  # "L1", "L2", "L3", "DRAM": read bandwidth of one core
    noise: float | None = None  # median absolute deviation of A/A log ratios; 0.01 is one per cent
    priority: Literal["fifo", "nice", "none"] = "none"
    calibrated_at: str = ""  # ISO 8601, UTC
    expires_at: str = ""
    warnings: tuple[str, ...] = ()  # what distorts timing here, with the remedy


class Launch(Record):
    """One start of the processes: interleaved pairs in one band. Sample i of each list belongs to pair i."""

    band: str
    yardstick: str  # name of what the candidate was paired with
    shapes: tuple[tuple[int, ...], ...]  # in the order of the task's size arguments
    candidate_ns: tuple[int, ...]  # per call, by the outside clock
    yardstick_ns: tuple[int, ...]
    candidate_delay_ns: tuple[
        int, ...
    ] = ()  # time that the scheduler kept the runner waiting during the call
    yardstick_delay_ns: tuple[int, ...] = ()
    calls_per_sample: int = 1  # short calls are timed in batches
    flops: tuple[float, ...] = ()  # minimal work of each pair's shape; bytes, or 1 a call, of tasks without
    peak_gflops: float | None = None  # FMA peak probed within this launch
    yardstick_gflops: float | None = None  # the yardstick's calibrated figure in this band, for people
    yardstick_speedup: float | None = None  # calibrated ratio yardstick / reference in this band
    # The calibration's, made once: common to all launches with this yardstick, so more launches don't lower them.
    yardstick_gflops_error: StandardError | None = None  # None: not recorded before December 2026
    yardstick_speedup_error: StandardError | None = None
    priority: Literal["fifo", "nice", "none"] = "none"

    @property
    def log_ratio(self) -> float:
        """Median log of yardstick time over candidate time: positive means that the candidate is faster."""
        return statistics.median(
            math.log(y / c) for y, c in zip(self.yardstick_ns, self.candidate_ns, strict=True)
        )


class Fastest(Record):
    """The fastest code known for a task on one host, and how far its nearest yardstick is from it."""

    task: str
    task_hash: str
    fingerprint: str  # of the host
    name: str  # "OpenBLAS Haswell", "the best kernel"
    yardstick: str
    times: float = Field(gt=0)  # how many times as fast as that yardstick

    @property
    def far(self) -> bool:
        """Is it so far that a chain to the reference says little about speeds near it?"""
        return self.times > FAR_TIMES

    def __str__(self) -> str:
        return f"{self.name} is {self.times:.2g} times as fast as {self.yardstick}, the nearest yardstick"


class Timing(Record):
    """Raw samples, launch by launch. Everything quoted derives from these (hayate.judge.stats)."""

    launches: tuple[Launch, ...] = Field(min_length=1)


class Speedup(Record):
    """How many times faster than `baseline`, geometric mean over the bands."""

    baseline: str
    median: float
    low: float
    high: float
    confidence: float


class Metric(Record):
    """A figure for people, e.g. GFLOPS: the yardstick's calibrated figure times the measured ratio."""

    name: str
    value: float
    low: float
    high: float


class Step(Record):
    """One step of the judge, for `--explain`: guard, build, verify, time, confirm."""

    name: str
    wall_s: float
    calls_s: float = (
        0.0  # of it, in calls: of the candidate, the yardstick and the peak probe, warm-ups included
    )
    note: str = ""


# Begins the judge version of a verdict that nothing was run for: whoever asks for a judge's verdicts gets none.
GUESSED = "guess/"


class Verdict(Record):
    """Made by `evaluate` alone. `timing`, `metric` and `speedup` are there only if accepted."""

    task: str
    task_hash: str
    candidate: str  # content hash
    outcome: Outcome
    reason: str  # one sentence with the numbers
    numbers: Numbers = {}
    techniques: tuple[Technique, ...] = ()
    timing: Timing | None = None
    metric: Metric | None = None
    speedup: Speedup | None = None
    decision: Decision = ""
    object_hash: str = ""
    host: HostProfile
    sandbox: str  # tier
    judge_version: str
    wall_s: float
    steps: tuple[Step, ...] = ()
    reused: bool = False  # same object code, timed before: the timing is that measurement's
    guess: bool = False  # a surrogate's: nothing was run; `judge_version` begins with GUESSED

    @property
    def niche(self) -> str:
        """The set of techniques detected, as one word: "blocking+simd", or "plain"."""
        return "+".join(sorted(self.techniques)) or "plain"


class MeasurePlan(Record):
    """How much to measure. `training`: one or two launches; `confirm` and `report`: until decided or the limit."""

    purpose: Literal["training", "confirm", "report", "check"] = "training"
    launches: int = Field(default=1, ge=0)  # 0: verify only
    max_launches: int = 1
    bands: tuple[str, ...] | None = None  # None: as the task says for this purpose
    pairs: int | None = None  # None: as the band says
    confidence: float = 0.95
    seed: int | None = None  # None: secret, drawn by the judge; set only to repeat a test
    verify_shapes: int = 12
    wall_s: float = 60.0  # limit of one launch; all of a measurement's together get one launch's more
    thorough: bool = False  # shapes up to the corners of the domain, whatever they cost
    # Of a head-to-head: no launch is begun that would end later; what is open then is undecided.
    decide_s: float | None = None
    # Of a head-to-head: it goes on after its decision until high / low - 1 of the interval is at most this.
    until_width: float | None = None
