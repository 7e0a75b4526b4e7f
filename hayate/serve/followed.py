"""The server's farm, with every build and measurement known by the job that it is done for.

So that a job can be ended although it is deep in an evaluation, and stands in the farm's queue where its token's
share puts it (shares.py), whatever its client says about urgency.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Literal

from hayate.farm import BuildJob, Farm, MeasureJob
from hayate.farm.base import taken_back
from hayate.farm.status import Look
from hayate.judge import Measurement, Rejection
from hayate.records import Built, HostProfile, Task

Kind = Literal["build", "measure"]
Why = Literal["taken back", "overdue", "gave way"]


class Running:
    """One run of a job: what it has in the farm."""

    def __init__(self, key: str, token: str, rank: int, waited_s: float = 0.0) -> None:
        self.key, self.token, self.rank = key, token, rank
        self.ended = False  # by `end_run`
        self.why: Why = "taken back"  # it was
        self.futures: dict[Future[Any], Kind] = {}
        # As of the last `look`:
        self.waits: Kind | None = None  # what waits for a place
        self.holds: Kind | None = None  # what has one
        self.waited_s, self.held_s = waited_s, 0.0  # altogether; the present place alone
        self._held: Future[Any] | None = None
        self._since = 0.0

    def look(self, now: float, passed_s: float) -> None:
        """What it does in the farm now, and so did, about, since it was looked at `passed_s` ago."""
        under_way = {future: kind for future, kind in list(self.futures.items()) if not future.done()}
        held = next((future for future in under_way if future.running()), None)
        if held is not self._held:
            self._held, self._since = held, now
        self.holds = None if held is None else under_way[held]
        self.held_s = 0.0 if held is None else now - self._since
        self.waits = next((kind for future, kind in under_way.items() if not future.running()), None)
        if self.waits and held is None:
            self.waited_s += passed_s


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
    def of(self, key: str, token: str, rank: int, waited_s: float) -> Iterator[Running]:
        """What this thread asks for in the block is for job `key`; of those that wait the lowest rank goes first."""
        running = Running(key, token, rank, waited_s)
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

    def all_runs(self) -> list[Running]:
        with self._lock:
            return list(self._running.values())

    def end_run(self, running: Running, why: Why = "taken back") -> None:
        """End what it has in the farm, and give it nothing more."""
        with self._lock:
            if running.ended:
                return
            running.why, running.ended = why, True
            futures = list(running.futures)
        for future in futures:
            self._farm.end(future)

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        running = self._may_go_on()
        return self._follow(running, "build", self._farm.submit_build(job, _rank(running) + priority))

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        running = self._may_go_on()
        future = self._farm.submit_measure(job, _rank(running) + priority)
        return self._follow(running, "measure", future)

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

    def _follow(self, running: Running | None, kind: Kind, future: Future[Any]) -> Future[Any]:
        if running is None:
            return future
        with self._lock:
            running.futures[future] = kind
            late = running.ended
        if late:  # ended while it was submitted
            self._farm.end(future)
        return future


def _rank(running: Running | None) -> int:
    return 0 if running is None else running.rank
