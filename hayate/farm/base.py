"""What every farm offers: a place where `build` and `measure` run, each answered by a Future."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from hayate.judge import JUDGE_VERSION, Measurement, Rejection
from hayate.records import Built, HostProfile, Language, MeasurePlan, Task, Technique


class Farm(ABC):
    """Futures raise `Fault`. Closing, or leaving the `with` block, ends what runs and leaves no process."""

    host: HostProfile
    sandbox_tier: str

    def judge_version(self, task: Task) -> str:
        """Of the judge whose verdicts on `task` it gives: this code's, unless it answers from records."""
        return JUDGE_VERSION

    def clock(self) -> float:
        """Seconds; a difference is what the work in between took. What is replayed took what it took then."""
        return time.monotonic()

    @abstractmethod
    def build(
        self,
        task: Task,
        source: str,
        permitted: Sequence[Technique],
        name: str = "",
        *,
        language: Language = "c",
        priority: int = 0,
    ) -> Future[Built | Rejection]:
        """Guard and compile. Lower priorities go first, equal ones in the order in which they came."""

    @abstractmethod
    def measure(
        self,
        task: Task,
        built: Built,
        plan: MeasurePlan,
        rival: Built | None = None,
        *,
        priority: int = 0,
        elsewhere: bool = False,
    ) -> Future[Measurement]:
        """Verify and time. `elsewhere`: not where this object code was measured last, if it can be."""

    @abstractmethod
    def close(self) -> None:
        """Drop what waits, end what runs: their futures raise `Fault(NODE_LOST)`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
