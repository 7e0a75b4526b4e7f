"""What every farm offers: a place where `build` and `measure` run, each answered by a Future."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, Self

from hayate.errors import Fault, FaultKind
from hayate.farm.status import FarmStatus, Look, Tally
from hayate.judge import JUDGE_VERSION, Measurement, Rejection
from hayate.records import Built, HostProfile, Language, MeasurePlan, Record, Source, Task, Technique


class BuildJob(Record):
    """What there is to build."""

    task: Task
    source: Source
    permitted: tuple[Technique, ...]
    name: str = ""
    language: Language = "c"


class MeasureJob(Record):
    """What there is to measure."""

    task: Task
    built: Built
    plan: MeasurePlan
    rival: Built | None = None
    elsewhere: bool = False


def taken_back() -> Fault:
    """What becomes of a job that was ended while it ran."""
    return Fault(FaultKind.NODE_LOST, "the job was taken back while it ran", remedy="submit it again")


def closed() -> Fault:
    """What becomes of jobs when their farm is closed."""
    return Fault(FaultKind.NODE_LOST, "the farm was closed", remedy="go on with --resume")


class Farm(ABC):
    """Futures raise `Fault`. Closing, or leaving the `with` block, ends what runs and leaves no process."""

    kind: ClassVar[str] = ""  # as in the settings
    host: HostProfile
    sandbox_tier: str

    @cached_property
    def tally(self) -> Tally:
        return Tally()

    def judge_version(self, task: Task) -> str:
        """Of the judge whose verdicts on `task` it gives: this code's, unless it answers from records."""
        return JUDGE_VERSION

    def expect(self, tasks: Iterable[Task]) -> None:  # noqa: B027  most farms take any task
        """Raises WrongUse if verdicts on these tasks, as they are here, can't be had from it."""

    def clock(self) -> float:
        """Seconds; a difference is what the work in between took. What is replayed took what it took then."""
        return time.monotonic()

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
        job = BuildJob(task=task, source=source, permitted=tuple(permitted), name=name, language=language)
        return self.tally.follow("build", self.submit_build(job, priority))

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
        job = MeasureJob(task=task, built=built, plan=plan, rival=rival, elsewhere=elsewhere)
        return self.tally.follow("measure", self.submit_measure(job, priority))

    def status(self) -> FarmStatus:
        """What it is doing now."""
        return self.tally.status(
            self.kind,
            self.look(),
            host_class=self.host.host_class,
            sandbox=self.sandbox_tier,
            judge_version=JUDGE_VERSION,
        )

    def look(self) -> Look:
        """Slots, blocks and nodes, as far as this farm sees them."""
        return Look()

    def end(self, future: Future[Any]) -> None:
        """Nobody wants it any more: drop it if it waits, end its processes if it runs and they can be reached.

        Its future is cancelled, or raises `Fault(NODE_LOST)`.
        """
        future.cancel()

    @abstractmethod
    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]: ...

    @abstractmethod
    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]: ...

    @abstractmethod
    def close(self) -> None:
        """Drop what waits, end what runs: their futures raise `Fault(NODE_LOST)`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
