"""Who may start when: builders and measurers on cores that they may have to share.

Each job is run by a worker thread of its kind. Where measuring needs the cores that build (`exclusive`),
builds and measurements never overlap: queued builds go first, so that a batch is built on all cores at once
and is then measured undisturbed. Builds are finite, hence nobody starves.
"""

from __future__ import annotations

import contextlib
import operator
import threading
import time
from bisect import insort
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from hayate.errors import Fault
from hayate.farm.base import closed, taken_back

Kind = Literal["build", "measure"]

CLOSE_S = 60.0  # a worker still in a compile of the judge's own after that is left behind; it is a daemon


@dataclass
class Job:
    """Something to run at a place (a slot's number, a builder's number)."""

    kind: Kind
    run: Callable[[int], Any]
    priority: int
    number: int  # order of arrival
    future: Future[Any] = field(default_factory=Future)
    avoid: set[int] = field(default_factory=set)  # places where it failed; others first, if there are any
    tries: int = 0
    began: float = 0.0  # monotonic, of the last try
    ended: bool = False  # nobody wants it any more

    @property
    def order(self) -> tuple[int, int]:
        return self.priority, self.number


class Scheduler:
    """Queues, worker threads, the gate between building and measuring, and retries."""

    def __init__(
        self,
        *,
        builders: int,
        slots: int,
        exclusive: bool,
        retries: int,
        prepare: Callable[[Kind, int], None] = lambda kind, place: None,
    ) -> None:
        """`prepare` runs once in each worker thread, e.g. to bind it to cores."""
        self.exclusive = exclusive
        self.retries = retries
        self._prepare = prepare
        self._changed = threading.Condition()
        self._waiting: dict[Kind, list[Job]] = {"build": [], "measure": []}  # in their order
        self._running: dict[Kind, dict[int, Job]] = {"build": {}, "measure": {}}
        self._places: dict[Kind, int] = {"build": builders, "measure": slots}
        self._arrived = 0
        self._closing = False
        # Daemons: an interpreter that ends without close() must not wait for a measurement.
        self._threads = [
            threading.Thread(
                target=self._work, args=(kind, place), name=f"hayate-{kind}-{place}", daemon=True
            )
            for kind, places in self._places.items()
            for place in range(places)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, kind: Kind, run: Callable[[int], Any], *, priority: int = 0, avoid: set[int] | None = None
    ) -> Future[Any]:
        """Queue `run`, to be called with the place that it got. Raises Fault(NODE_LOST) once closing."""
        with self._changed:
            if self._closing:
                raise closed()
            self._arrived += 1
            job = Job(kind, run, priority, self._arrived, avoid=set(avoid or ()))
            self._queue(job)
            self._changed.notify_all()
            return job.future

    def running(self) -> dict[Kind, dict[int, float]]:
        """Kind -> place -> for how many seconds a job has run there."""
        now = time.monotonic()
        with self._changed:
            return {
                kind: {place: now - job.began for place, job in jobs.items()}
                for kind, jobs in self._running.items()
            }

    def end(self, future: Future[Any]) -> None:
        """Drop it if it waits. What runs is not tried again, and whatever comes of it is a Fault(NODE_LOST)."""
        with self._changed:
            for jobs in self._waiting.values():
                job = next((job for job in jobs if job.future is future), None)
                if job is not None:
                    jobs.remove(job)
                    break
            else:
                for running in self._running.values():
                    for job in running.values():
                        job.ended = job.ended or job.future is future
                return
        if job.tries or not job.future.cancel():
            job.future.set_exception(taken_back())

    def close(self, end_running: Callable[[], None]) -> None:
        """Drop what waits; call `end_running` until no worker is left. Call it again if interrupted."""
        with self._changed:
            self._closing = True
            dropped = [job for jobs in self._waiting.values() for job in jobs]
            for jobs in self._waiting.values():
                jobs.clear()
            self._changed.notify_all()
        for job in dropped:
            if job.tries or job.future.set_running_or_notify_cancel():
                job.future.set_exception(closed())
        deadline = time.monotonic() + CLOSE_S
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < deadline:
                end_running()
                thread.join(0.1)

    def _work(self, kind: Kind, place: int) -> None:
        with contextlib.suppress(OSError):  # unbound is slower, not wrong
            self._prepare(kind, place)
        while True:
            with self._changed:
                job = self._take(kind, place)
                while job is None:
                    if self._closing:
                        return
                    self._changed.wait()
                    job = self._take(kind, place)
                job.began = time.monotonic()
                self._running[kind][place] = job
            again = False
            try:
                if job.tries or job.future.set_running_or_notify_cancel():
                    again = self._run(job, place)
            finally:
                with self._changed:
                    del self._running[kind][place]
                    if again and not self._closing and not job.ended:
                        self._queue(job)
                        again = False
                    self._changed.notify_all()
                if again:
                    job.future.set_exception(taken_back() if job.ended else closed())

    def _take(self, kind: Kind, place: int) -> Job | None:
        """The next job that may start here now. With the lock held."""
        if self._closing or (self.exclusive and not self._gate_open(kind)):
            return None
        waiting = self._waiting[kind]
        at = next((at for at, job in enumerate(waiting) if self._may_run_at(job, place)), None)
        return None if at is None else waiting.pop(at)

    def _queue(self, job: Job) -> None:
        """Kept sorted: with ten thousand waiting, a search for the first would cost more than a short job."""
        insort(self._waiting[job.kind], job, key=operator.attrgetter("order"))

    def _gate_open(self, kind: Kind) -> bool:
        if kind == "build":
            return not self._running["measure"]
        return not self._running["build"] and not self._waiting["build"]

    def _may_run_at(self, job: Job, place: int) -> bool:
        return place not in job.avoid or len(job.avoid) >= self._places[job.kind]

    def _run(self, job: Job, place: int) -> bool:
        """Run it and settle its future. True if it is to be tried again."""
        try:
            result = job.run(place)
        except Fault as fault:
            if fault.retriable and job.tries < self.retries and not (self._closing or job.ended):
                job.tries += 1
                job.avoid.add(place)
                return True
            job.future.set_exception(self._cut_short(job) or fault)
        except BaseException as error:
            job.future.set_exception(self._cut_short(job) or error)
        else:
            # What ended because it was killed says nothing about the candidate.
            cut_short = self._cut_short(job)
            if cut_short is not None:
                job.future.set_exception(cut_short)
            else:
                job.future.set_result(result)
        return False

    def _cut_short(self, job: Job) -> Fault | None:
        return closed() if self._closing else taken_back() if job.ended else None
