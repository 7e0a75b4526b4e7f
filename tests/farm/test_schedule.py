"""The order of jobs, the gate between building and measuring, retries, closing. Jobs are plain functions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any

import pytest

from hayate.errors import Fault, FaultKind
from hayate.farm.schedule import Scheduler


@contextmanager
def scheduler(
    *, builders: int = 1, slots: int = 1, exclusive: bool = False, retries: int = 2
) -> Iterator[Scheduler]:
    made = Scheduler(builders=builders, slots=slots, exclusive=exclusive, retries=retries)
    try:
        yield made
    finally:
        made.close(lambda: None)
        assert not any(thread.is_alive() for thread in made._threads)


class Trace:
    """What ran when, and at most how many at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now: list[str] = []
        self.most: dict[frozenset[str], int] = {}
        self.order: list[str] = []

    def job(self, kind: str, name: str = "", wall_s: float = 0.01) -> Callable[[int], str]:
        def run(_place: int) -> str:
            with self.lock:
                self.now.append(kind)
                self.order.append(name or kind)
                key = frozenset(self.now)
                self.most[key] = max(self.most.get(key, 0), len(self.now))
            time.sleep(wall_s)
            with self.lock:
                self.now.remove(kind)
            return name or kind

        return run


def _done(futures: list[Future[Any]]) -> list[Any]:
    assert not wait(futures, timeout=30).not_done
    return [future.result() for future in futures]


def test_shared_cores_never_build_while_measuring() -> None:
    trace = Trace()
    with scheduler(builders=2, slots=1, exclusive=True) as made:
        futures: list[Future[Any]] = []
        for i in range(12):
            futures.append(made.submit("measure", trace.job("measure")))
            futures.append(made.submit("build", trace.job("build")))
            if i % 4 == 3:
                time.sleep(0.02)
        _done(futures)
    assert frozenset({"build", "measure"}) not in trace.most
    assert trace.most[frozenset({"build"})] == 2
    assert trace.most[frozenset({"measure"})] == 1


def test_queued_builds_of_a_batch_go_before_its_measurements() -> None:
    trace = Trace()
    with scheduler(builders=2, exclusive=True) as made:
        first = made.submit("build", trace.job("build"))
        rest = [made.submit("build", trace.job("build")) for _ in range(5)]
        measure = made.submit("measure", trace.job("measure"))
        _done([first, *rest, measure])
    assert trace.order == ["build"] * 6 + ["measure"]


def test_separate_cores_build_while_measuring() -> None:
    both = threading.Barrier(2)
    with scheduler() as made:
        futures = [made.submit(kind, lambda _place: both.wait(20)) for kind in ("build", "measure")]  # type: ignore[arg-type]
        _done(futures)


def test_priorities_then_arrival() -> None:
    trace, hold = Trace(), threading.Event()
    with scheduler() as made:
        futures: list[Future[Any]] = [made.submit("measure", lambda _place: hold.wait(20))]
        futures += [
            made.submit("measure", trace.job("m", name), priority=p)
            for name, p in [("a", 0), ("b", 0), ("c", -1)]
        ]
        hold.set()
        _done(futures)
    assert trace.order == ["c", "a", "b"]


def test_a_retriable_fault_is_tried_on_another_slot() -> None:
    places: list[int] = []

    def run(place: int) -> str:
        places.append(place)
        if len(places) == 1:
            raise Fault(FaultKind.HOST_TOO_NOISY, "noise")
        return "well"

    with scheduler(slots=2) as made:
        assert made.submit("measure", run).result(20) == "well"
    assert len(set(places)) == 2


def test_a_retry_keeps_its_place_in_the_queue() -> None:
    tried: list[str] = []
    hold = threading.Event()

    def run(name: str) -> Callable[[int], None]:
        def work(_place: int) -> None:
            hold.wait(20)
            tried.append(name)
            if tried.count("a") == 1 and name == "a":
                raise Fault(FaultKind.RUNNER_LOST, "once")

        return work

    with scheduler(retries=1) as made:
        names = [("a", 0), ("b", 0), ("c", 1)]
        futures = [made.submit("measure", run(name), priority=p) for name, p in names]
        hold.set()
        _done(futures)
    assert tried == ["a", "a", "b", "c"]


def test_retries_end_and_other_faults_are_not_retried() -> None:
    tries: list[FaultKind] = []

    def run(kind: FaultKind) -> Callable[[int], None]:
        def fail(_place: int) -> None:
            tries.append(kind)
            raise Fault(kind, "no")

        return fail

    with scheduler(retries=2) as made:
        for kind in (FaultKind.RUNNER_LOST, FaultKind.COMPILER_MISSING):
            with pytest.raises(Fault, match="no"):
                made.submit("measure", run(kind)).result(20)
        assert tries.count(FaultKind.RUNNER_LOST) == 3
        assert tries.count(FaultKind.COMPILER_MISSING) == 1
        assert made.submit("build", lambda place: place).result(20) == 0  # the workers live on


def test_an_unexpected_error_reaches_the_caller() -> None:
    with scheduler() as made, pytest.raises(ZeroDivisionError):
        made.submit("build", lambda _place: 1 // 0).result(20)


def test_avoid_is_a_wish_where_there_is_one_place() -> None:
    with scheduler(slots=2) as made:
        assert made.submit("measure", lambda place: place, avoid={0}).result(20) == 1
    with scheduler(slots=1) as made:
        assert made.submit("measure", lambda place: place, avoid={0}).result(20) == 0


def test_a_cancelled_job_does_not_run() -> None:
    hold, ran = threading.Event(), []
    with scheduler() as made:
        first = made.submit("measure", lambda _place: hold.wait(20))
        second = made.submit("measure", lambda _place: ran.append(1))
        third = made.submit("measure", lambda _place: 3)
        assert second.cancel()
        hold.set()
        assert third.result(20) == 3
        assert first.result(20)
    assert not ran


def test_closing_settles_every_future() -> None:
    started, ended = threading.Event(), threading.Event()

    def long(_place: int) -> str:
        started.set()
        ended.wait(20)
        return "killed, and so no result"

    made = Scheduler(builders=1, slots=1, exclusive=False, retries=2)
    running = made.submit("measure", long)
    queued = [made.submit("measure", long) for _ in range(3)]
    assert started.wait(20)
    made.close(ended.set)
    for future in (running, *queued):
        with pytest.raises(Fault, match="closed") as told:
            future.result(5)
        assert told.value.kind is FaultKind.NODE_LOST
    with pytest.raises(Fault, match="closed"):
        made.submit("build", long)
    made.close(lambda: None)  # again is fine
