"""All SQL: candidates, verdicts with raw timing, lineage, elites, runs, phases, steps."""

from __future__ import annotations

from types import TracebackType

from hayate.archive.elites import Elites
from hayate.archive.measurements import MeasurementKey, Measurements, Recalled
from hayate.archive.rows import Ancestor, Elite, PhaseRow, RunRow, SampleRow, StepRow
from hayate.archive.runs import Runs

__all__ = [
    "Ancestor",
    "Archive",
    "Elite",
    "MeasurementKey",
    "PhaseRow",
    "Recalled",
    "RunRow",
    "SampleRow",
    "StepRow",
]


class Archive(Runs, Measurements, Elites):
    """The archive in a SQLite file or a PostgreSQL database. Any thread may call it; one writes at a time.

    Each recording method has committed when it returns.

    >>> Archive("sqlite://").counts()
    {}
    """

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
