"""All SQL: candidates, verdicts with raw timing, lineage, elites, runs, phases, steps, the server's jobs."""

from __future__ import annotations

from types import TracebackType

from hayate.archive.database import DatabaseFault
from hayate.archive.elites import Elites
from hayate.archive.jobs import Job, Jobs, NewJob, QueueFull
from hayate.archive.measurements import MeasurementKey, Recalled
from hayate.archive.recorded import GuessedRow, JudgedRow, Recorded, VerdictRow
from hayate.archive.rows import Ancestor, Elite, PhaseRow, RunRow, SampleRow, StepRow
from hayate.archive.runs import Runs

__all__ = [
    "Ancestor",
    "Archive",
    "DatabaseFault",
    "Elite",
    "GuessedRow",
    "Job",
    "JudgedRow",
    "MeasurementKey",
    "NewJob",
    "PhaseRow",
    "QueueFull",
    "Recalled",
    "RunRow",
    "SampleRow",
    "StepRow",
    "VerdictRow",
]


class Archive(Runs, Recorded, Elites, Jobs):
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
