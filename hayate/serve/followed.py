"""The server's farm, with every build and measurement known by the job that it is done for.

So that a job can be ended although it is deep in an evaluation, and stands in the farm's queue where its token's
share puts it (shares.py), whatever its client says about urgency.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from hayate.farm import BuildJob, Farm, MeasureJob
from hayate.farm.base import taken_back
from hayate.farm.status import Look
from hayate.judge import Measurement, Rejection
from hayate.records import Built, HostProfile, Task


class Running:
    """One run of a job: what it has in the farm."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.ended = False  # by `end_run`
        self.overdue = False  # and that since it took too long
        self.futures: set[Future[Any]] = set()


class Followed(Farm):
    """Passes on what it is asked; `of` says for which job a thread asks."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}  # by the job's key
        self._here = threading.local()
        self.tally = farm.tally

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self._farm.kind

    @property
    def host(self) -> HostProfile:  # type: ignore[override]
        return self._farm.host

    @property
    def sandbox_tier(self) -> str:  # type: ignore[override]
        return self._farm.sandbox_tier

    @contextmanager
    def of(self, key: str, rank: int) -> Iterator[Running]:
        """What this thread asks for in the block is for job `key`; of those that wait the lowest rank goes first."""
        running = Running(rank)
        with self._lock:
            self._running[key] = running
        self._here.running = running
        try:
            yield running
        finally:
            self._here.running = None
            with self._lock:
                if self._running.get(key) is running:
                    del self._running[key]

    def runs(self, keys: Iterable[str]) -> dict[str, Running]:
        """Of those that run now."""
        with self._lock:
            return {key: self._running[key] for key in keys if key in self._running}

    def end_run(self, running: Running, *, overdue: bool = False) -> None:
        """End what it has in the farm, and give it nothing more."""
        with self._lock:
            if running.ended:
                return
            running.overdue, running.ended = overdue, True
            futures = list(running.futures)
        for future in futures:
            self._farm.end(future)

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        running = self._may_go_on()
        return self._follow(running, self._farm.submit_build(job, _rank(running) + priority))

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        running = self._may_go_on()
        return self._follow(running, self._farm.submit_measure(job, _rank(running) + priority))

    def judge_version(self, task: Task) -> str:
        return self._farm.judge_version(task)

    def expect(self, tasks: Iterable[Task]) -> None:
        self._farm.expect(tasks)

    def clock(self) -> float:
        return self._farm.clock()

    def end(self, future: Future[Any]) -> None:
        self._farm.end(future)

    def look(self) -> Look:
        return self._farm.look()

    def close(self) -> None:
        self._farm.close()

    def _may_go_on(self) -> Running | None:
        running: Running | None = getattr(self._here, "running", None)
        if running is not None and running.ended:
            raise taken_back()
        return running

    def _follow(self, running: Running | None, future: Future[Any]) -> Future[Any]:
        if running is None:
            return future
        with self._lock:
            running.futures.add(future)
            late = running.ended
        if late:  # ended while it was submitted
            self._farm.end(future)
        return future


def _rank(running: Running | None) -> int:
    return 0 if running is None else running.rank
