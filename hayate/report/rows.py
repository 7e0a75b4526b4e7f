"""The rows that a report on one task is made of, and what every part of it asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hayate.archive import Elite, PhaseRow, SampleRow
from hayate.records import Interval, Task
from hayate.report.baselines import StoredBaselines
from hayate.report.worked import Spans

RL = "grpo"
BEFORE, AFTER = "before", "after"  # phases that ask the policy the same, before and after phase 3


@dataclass(frozen=True)
class TaskRows:
    """One run's work on one task. `rows` are the policy's samples, without those abandoned."""

    name: str
    task: Task | None  # None: no longer to be found
    rows: list[SampleRow]
    abandoned: list[SampleRow]
    phases: list[PhaseRow]
    baselines: StoredBaselines | None
    picked: frozenset[str] = (
        frozenset()
    )  # phases with guesses: what was measured there is no sample of the policy's
    worked: Spans = ()

    def of_phase(self, name: str) -> list[SampleRow]:
        return [row for row in self.rows if row.phase == name]

    @property
    def rl_steps(self) -> list[int]:
        return sorted({row.step for row in self.of_phase(RL)})


def speeds(rows: Iterable[SampleRow]) -> list[float]:
    """Metric of the accepted that were timed."""
    return [row.metric for row in rows if row.accepted and row.metric is not None]


def quarters(steps: Sequence[int]) -> tuple[list[int], list[int]] | None:
    """The first and the last quarter of the steps, one step at least; None of fewer than two."""
    if len(steps) < 2:
        return None
    size = max(1, len(steps) // 4)
    return list(steps[:size]), list(steps[-size:])


def interval_of(row: SampleRow | Elite) -> Interval:
    assert row.metric is not None
    low, high = row.metric_low, row.metric_high
    return Interval(
        value=row.metric, low=row.metric if low is None else low, high=row.metric if high is None else high
    )


def best_row(rows: Iterable[SampleRow]) -> SampleRow | None:
    """The accepted sample with the highest low end: the highest value alone would be the luckiest."""
    timed = [row for row in rows if row.accepted and row.metric is not None]
    return max(timed, key=lambda row: row.metric_low or row.metric or 0.0, default=None)


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
