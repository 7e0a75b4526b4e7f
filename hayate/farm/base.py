"""What every farm offers: a place where `build` and `measure` run, each answered by a Future."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, HostProfile, Language, MeasurePlan, Task, Technique


class FarmSettings(BaseModel):
    """Where verdicts are made. What is left out, the machine decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local"] = "local"
    slots: int | None = Field(default=None, ge=1)  # measure on at most so many; None: on all
    builders: int | None = Field(default=None, ge=1)  # builds at a time; None: one per core that may build
    compiler: str | None = None  # "gcc" or "clang"; None: the first that is here
    sandbox: str | None = None  # tier; None: the strongest that works
    retries: int = Field(default=2, ge=0)  # of a job that met a fault that another try can help


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
