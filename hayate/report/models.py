"""What `report.json` holds. Keys are stable: within one `schema_version` they are only added to.

Speeds are in the task's metric (`metric`, e.g. GFLOPS), times in seconds. An interval is {value, low, high,
confidence}. Where there is nothing to tell, a key is null or empty, never 0.
"""

from __future__ import annotations

from typing import Any

from hayate.portability import Portability
from hayate.records import HostProfile, Interval, Language, Record

SCHEMA_VERSION = 1


class PhaseReport(Record):
    """One phase of training on one task. Only the policy's samples count, abandoned ones do not."""

    name: str  # "sft", "selftrain", "grpo"
    task: str
    steps: int  # with samples
    samples: int
    verdicts: int  # samples less faults
    faults: int
    reused: int  # verdicts whose timing was that of the same object code before
    distinct_objects: int  # among the accepted
    correct_share: Interval | None  # accepted / verdicts
    median: Interval | None  # of the accepted, every sample counted
    best: Interval | None  # the accepted sample with the highest low end: its own interval
    outcomes: dict[str, int]
    wall_s: float | None
    ended: bool


class CurvePoint(Record):
    """One step of phase 3. Bands are quartiles of the step's samples."""

    step: int
    verdicts: int
    faults: int
    correct_share: float | None
    reward: float | None  # mean
    reward_low: float | None
    reward_high: float | None
    median: float | None  # of the accepted
    low: float | None
    high: float | None
    best: float | None
    best_so_far: float | None  # from the first phase on
    outcomes: dict[str, int]
    permitted: tuple[tuple[str, ...], ...]  # the sets that the step's groups were permitted


class Quarter(Record):
    """A quarter of phase 3's steps."""

    first_step: int
    last_step: int
    verdicts: int
    correct_share: Interval | None
    median: Interval | None
    permitted: tuple[str, ...]  # the different permitted sets, most frequent first


class Change(Record):
    """Phase 3's last quarter against its first."""

    first: Quarter
    last: Quarter
    ratio: Interval | None  # of the medians
    share_points: Interval | None  # percentage points


class Probe(Record):
    """Phase "after" against phase "before": the policy asked the same, everything permitted both times."""

    ratio: Interval | None  # of the medians
    share_points: Interval | None  # percentage points


class NicheReport(Record):
    niche: str
    techniques: tuple[str, ...]
    accepted: int
    best: Interval
    speedup: float | None
    found_in: str  # phase in which it was first filled
    found_at_step: int


class BaselineReport(Record):
    """What the best kernel is held against; GFLOPS are the best kernel's times the measured ratio."""

    value: float
    low: float
    high: float
    ratio_to_best: Interval | None = None  # baseline's speed over the best kernel's, interleaved
    detail: str = ""


class BandReport(Record):
    """The best kernel's speed over a baseline's, in one band."""

    band: str
    baseline: str
    ratio: Interval


class MetricReport(Record):
    name: str
    value: float
    low: float
    high: float


class SpeedupReport(Record):
    baseline: str
    median: float
    low: float
    high: float
    confidence: float


class AncestorReport(Record):
    candidate: str
    generation: int  # 1: a parent
    origin: str


class BestReport(Record):
    """The best kernel: the run's elite of highest quality (low end of the interval)."""

    task: str
    candidate: str
    source: str
    language: Language = "c"
    metric: MetricReport | None  # as judged, in the training bands
    final: Interval | None  # as timed for the baselines, in the report bands
    peak_share: Interval | None
    speedup: SpeedupReport | None
    confirmed: bool
    techniques: tuple[str, ...]
    permitted: tuple[str, ...]
    niche: str
    found_in: str
    found_at_step: int
    origin: str  # in words
    lineage: tuple[AncestorReport, ...]
    diff: str  # unified, from the reference; "" if the task isn't to be found
    judged_at: str


class ReasonReport(Record):
    """Why samples were not accepted; numbers in `reason` are replaced by N."""

    outcome: str  # or "fault"
    reason: str
    count: int
    example: str


class TaskReport(Record):
    """All about one task."""

    task: str
    title: str
    metric: str
    phases: tuple[PhaseReport, ...]
    change: Change | None
    probe: Probe | None
    curve: tuple[CurvePoint, ...]
    niches: tuple[NicheReport, ...]
    baselines: dict[str, BaselineReport]
    bands: tuple[BandReport, ...]
    best: BestReport | None
    reasons: tuple[ReasonReport, ...]


class SurrogateReport(Record):
    """A surrogate's guesses on one task. Audits: candidates ranked low and measured all the same, at random."""

    task: str
    guesses: int  # verdicts that nothing was run for; counted nowhere else
    measured: int  # verdicts measured after they were guessed
    audits: int  # of these
    trained_on: int  # distinct object codes, of the newest model
    held_out: Interval | None  # its rank correlation with the speed of object codes that it had not seen
    audit: Interval | None  # rank correlation of guessed and measured speed-up, of audits found right
    audit_recent: Interval | None  # of the last 50 of these
    bias: Interval | None  # median of measured over guessed speed-up, of the same
    audit_correct_share: Interval | None  # of the audits
    guessed_correct_share: float | None  # what the surrogate said of them


class RunReport(Record):
    """The whole. What is said of a task stands in `tasks`; that of the first one also at the top.

    Guesses of a surrogate are counted under `surrogate` alone, a key that is there only if there are any.
    """

    schema_version: int = SCHEMA_VERSION
    run: str
    created: str  # ISO 8601, UTC: when the run began
    reported: str  # when this report was made
    finished: bool
    wall_s: (
        float | None
    )  # from the beginning to the end or the last sample, pauses between resumptions included
    judge_s: float  # spent on verdicts, all slots together
    policy: str
    samples: int
    verdicts: int
    reused: int
    abandoned: int  # samples of steps that ran again after an interruption; not counted anywhere else
    faults: dict[str, int]  # by kind
    task: str
    metric: str
    phases: tuple[PhaseReport, ...]
    change: Change | None
    probe: Probe | None
    baselines: dict[str, BaselineReport]
    best: BestReport | None
    curve: tuple[CurvePoint, ...]
    niches: tuple[NicheReport, ...]
    tasks: tuple[TaskReport, ...]
    host: HostProfile | None
    sandbox: str
    judge_version: str
    settings: dict[str, Any]
    notes: tuple[str, ...]  # what a reader must know before quoting a figure
    surrogate: tuple[SurrogateReport, ...] = ()
    portability: Portability | None = None  # of a run with several classes of hosts; a key only there
