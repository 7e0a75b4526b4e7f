"""What every farm offers: a place where `build` and `measure` run, each answered by a Future."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType

from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, HostProfile, Language, MeasurePlan, Task, Technique


class Farm(ABC):
    """Futures raise `Fault`. Closing, or leaving the `with` block, ends what runs and leaves no process."""

    host: HostProfile
    sandbox_tier: str

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

    def __enter__(self) -> Farm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
