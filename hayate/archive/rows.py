"""What the archive's readers get: light rows for plots and tables, beside the records proper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hayate.records import Origin, Outcome


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One occurrence of a candidate, with what its verdict said. `outcome` None: no verdict, a fault."""

    id: int
    hash: str  # candidate
    task: str
    run: str
    phase: str
    step: int
    group: int
    index: int
    kind: str  # of origin
    policy: str
    verdict: int | None  # id, for Archive.verdict
    outcome: Outcome | None
    fault: str | None  # FaultKind
    reason: str | None  # of the verdict, or of the fault
    niche: str | None
    metric: float | None  # e.g. GFLOPS
    metric_low: float | None
    metric_high: float | None
    speedup: float | None  # median, against the reference
    speedup_low: float | None
    speedup_high: float | None
    object_hash: str | None
    reward: float | None
    wall_s: float | None
    reused: bool | None
    guess: bool  # a surrogate's verdict: nothing was measured
    abandoned: bool
    created: float  # seconds since 1970

    @property
    def accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED


@dataclass(frozen=True, slots=True)
class Elite:
    """The best of a niche. `quality`: low end of the speed-up's interval, or less if confirmed so."""

    task: str
    niche: str
    host_class: str
    task_hash: str
    judge_version: str
    candidate: str  # hash
    verdict: int  # id
    quality: float
    confirmed: bool  # by a fresh measurement, head to head where it claims to be the task's best
    created: float
    metric: float | None
    metric_low: float | None
    metric_high: float | None
    speedup: float | None
    speedup_low: float | None
    speedup_high: float | None
    object_hash: str


@dataclass(frozen=True, slots=True)
class RunRow:
    id: str
    created: float
    ended: float | None
    host: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PhaseRow:
    run: str
    name: str
    started: float
    ended: float | None
    counts: dict[str, int] | None  # outcome -> samples; "fault" for the machine's


@dataclass(frozen=True, slots=True)
class StepRow:
    run: str
    phase: str
    step: int
    created: float
    metrics: dict[str, Any]
    abandoned: bool


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A candidate that a lineage reaches. `generation` 1 is a parent, 2 a grandparent."""

    hash: str
    generation: int
    origin: Origin | None  # None: not in this archive
