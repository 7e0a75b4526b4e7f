"""Jobs given to a farm and counted: while its processes are killed, and in peace."""

from __future__ import annotations

import contextlib
import logging
import resource
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from benchmarks import engines, simulated
from hayate import tasks
from hayate.archive import Archive
from hayate.errors import Fault
from hayate.records import Built, MeasurePlan

SILENCE_S = 120.0  # when nothing was answered for so long, what is pending is stuck
WAVE = 2000  # jobs under way at most: as many as a server lets one token have waiting
READY_S = 300.0  # for a pool to start all its workers
PLAN = MeasurePlan()


@dataclass
class Load:
    """Futures by the job's name, and what came of them: every call of a future's callbacks counts."""

    answers: Counter[str] = field(default_factory=Counter)
    results: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._last = time.monotonic()

    def add(self, name: str, future: Future[Any]) -> None:
        self.given.add(name)
        future.add_done_callback(partial(self._ended, name))

    def wait(self, silence_s: float = SILENCE_S) -> set[str]:
        """Until all have ended, or none has for so long. Those that are still pending."""
        with self._changed:
            self._last = time.monotonic()
            while len(self.results) + len(self.faults) < len(self.given):
                rest = self._last + silence_s - time.monotonic()
                if rest <= 0:
                    break
                self._changed.wait(rest)
            return self.given - self.results.keys() - self.faults.keys()

    def _ended(self, name: str, future: Future[Any]) -> None:
        error = future.exception()
        with self._changed:
            self._last = time.monotonic()
            if error is None:
                self.answers[name] += 1
                self.results[name] = future.result()
            else:
                self.faults[name] = str(error) if isinstance(error, Fault) else repr(error)
            self._changed.notify_all()


class _Unheard(logging.Handler):
    """Exceptions in callbacks of futures: a future that was settled twice, say."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    handler, of_futures = _Unheard(), logging.getLogger("concurrent.futures")
    of_futures.addHandler(handler)
    try:
        yield handler.said
    finally:
        of_futures.removeHandler(handler)


def _builds(
    engine: engines.Engine, names: Sequence[str], seconds: float, object_bytes: int
) -> tuple[Load, set[str]]:
    """A build of each name, whose measurement will take so long; and what is stuck."""
    task, builds = tasks.builtin(simulated.TASK), Load()
    text = task.yardsticks[-1].text  # a kernel's usual length
    for name in names:
        source = simulated.source(name, seconds, object_bytes, text)
        builds.add(name, engine.farm.build(task, source, (), name))
    return builds, builds.wait()


def _measures(engine: engines.Engine, builds: Load) -> tuple[Load, set[str]]:
    """A measurement of each that was built; and what is stuck."""
    task, measures = tasks.builtin(simulated.TASK), Load()
    for name, built in builds.results.items():
        assert isinstance(built, Built)
        measures.add(name, engine.farm.measure(task, built, PLAN))
    return measures, measures.wait()


def kills(
    kind: str,
    *,
    object_bytes: int,
    jobs: int = 10_000,
    seconds: float = 0.05,
    slots: int = 8,
    every_s: float = 1.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Every job a build and a measurement, while processes are killed: what was lost, doubled, stuck."""
    lost: dict[str, str] = {}
    stuck: set[str] = set()
    answers: Counter[str] = Counter()
    mixed_up = 0
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name, _listening() as unheard:
        folder = Path(name)
        with engines.opened(kind, folder, slots, child=True, heartbeat_s=1) as engine:
            began = time.monotonic()
            with engines.killing(engine, every_s, seed) as killed:
                for first in range(0, jobs, WAVE):
                    names = [f"job-{i}" for i in range(first, min(first + WAVE, jobs))]
                    builds, unbuilt = _builds(engine, names, seconds, object_bytes)
                    measures, unmeasured = _measures(engine, builds)
                    lost |= builds.faults | measures.faults
                    answers += measures.answers
                    stuck |= unbuilt | unmeasured
                    mixed_up += sum(found.reason != job for job, found in measures.results.items())
            wall_s = time.monotonic() - began
            starts = engine.starts()
        left = engines.left(folder)
        ran = Counter(line.split()[0] for line in simulated.log(folder).read_text().splitlines())
        recorded = {}
        if kind == "http":
            with Archive(folder / "archive.db") as archive:
                recorded = {f"{what} {state}": n for (what, state), n in archive.count_jobs().items()}
    return {
        "jobs": jobs,
        "seconds": seconds,
        "slots": slots,
        "every_s": every_s,
        "wall_s": wall_s,
        "killed": dict(killed),
        "server_starts": starts,
        "answered": len(answers),
        "lost": len(lost),
        "doubled": sum(times > 1 for times in answers.values()),
        "stuck": len(stuck),
        "mixed_up": mixed_up,
        "answered_without_a_run": len(answers.keys() - ran.keys()),
        "runs": sum(ran.values()),
        "recorded": recorded,
        "faults": Counter(lost.values()).most_common(3),
        "settled_twice": len(unheard),
        "processes_left": len(left),
        "left": left[:4],
    }


def efficiency(
    kind: str, *, object_bytes: int, slots: int = 32, per_slot: int = 60, seconds: float = 0.25
) -> dict[str, Any]:
    """Busy time over slots times wall, from measurements of one length; then as many of no length as it can take."""
    jobs = slots * per_slot
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        folder = Path(name)
        with engines.opened(kind, folder, slots) as engine:
            _all_there(engine, object_bytes)
            network = _loopback()
            builds, _ = _builds(engine, [f"full-{i}" for i in range(jobs)], seconds, object_bytes)
            build_bytes, network, cpu = _loopback() - network, _loopback(), _cpu(engine)
            began = time.monotonic()
            measures, _ = _measures(engine, builds)
            wall_s = time.monotonic() - began
            measure_bytes, used = _loopback() - network, _used(engine, cpu)
            connections = _connections_of_a_manager(engine)
            starts = simulated.starts_cpu_s(folder)
            ceiling = _ceiling(engine, object_bytes)
        lines = [line.split() for line in simulated.log(folder).read_text().splitlines()]
    ends = sorted(float(end) for job, _, end, _ in lines if job.startswith("full-"))
    # From when each slot has ended about one job until each has about one to go.
    steady_s = ends[-1 - slots] - ends[slots - 1]
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {
        "jobs": jobs,
        "seconds": seconds,
        "slots": slots,
        "answered": len(measures.results),
        "wall_s": wall_s,
        "whole": jobs * seconds / (slots * wall_s),
        "steady": (len(ends) - 2 * slots) * seconds / (slots * steady_s),
        "build_bytes": build_bytes / jobs,
        "measure_bytes": measure_bytes / jobs,
        "cpu_s_per_job": {side: spent / jobs for side, spent in used.items()},
        "connections_of_a_manager": connections,
        "worker_start_cpu_s": statistics.median(starts) if starts else None,
        "open_files_limit": soft,
        "ceiling": ceiling,
    }


def _ceiling(engine: engines.Engine, object_bytes: int, jobs: int = 2000) -> dict[str, Any]:
    """Builds and measurements that take no time."""
    cpu, began = _cpu(engine), time.monotonic()
    builds, _ = _builds(engine, [f"empty-{i}" for i in range(jobs)], 0, object_bytes)
    built_s = time.monotonic() - began
    _measures(engine, builds)
    wall_s = time.monotonic() - began
    return {
        "builds_per_s": jobs / built_s,
        "measurements_per_s": jobs / (wall_s - built_s),
        "verdicts_per_s": jobs / wall_s,  # a build and a measurement
        "cpu_s_per_verdict": {side: spent / jobs for side, spent in _used(engine, cpu).items()},
    }


def _all_there(engine: engines.Engine, object_bytes: int) -> None:
    """A pool's workers start one by one: jobs until each has answered one."""
    deadline, number = time.monotonic() + READY_S, 0
    while True:
        names = [f"first-{number + i}" for i in range(2 * engine.slots)]
        number += len(names)
        builds, _ = _builds(engine, names, 0.1, object_bytes)
        _measures(engine, builds)
        if (
            engine.kind != "parsl"
            or sum(w == "worker" for w, _ in engines.workers_and_managers(engine.folder)) >= engine.slots
        ):
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all of {engine.slots} workers came within {READY_S:.0f} s")


def _loopback() -> int:
    """Bytes that have come over the loopback interface: all that the farm's two sides say to each other."""
    return int(psutil.net_io_counters(pernic=True)["lo"].bytes_recv)


def _cpu(engine: engines.Engine) -> dict[str, float]:
    sides = {"client": psutil.Process()}
    other = engine.other()
    if other is not None:
        sides["server"] = other
    return {side: sum(process.cpu_times()[:2]) for side, process in sides.items()}


def _used(engine: engines.Engine, before: Mapping[str, float]) -> dict[str, float]:
    return {side: spent - before[side] for side, spent in _cpu(engine).items()}


def _connections_of_a_manager(engine: engines.Engine) -> int | None:
    """To the interchange, which must hold as many for each node."""
    managers = [process for what, process in engine.victims() if what == "manager"]
    if not managers:
        return None
    found = managers[0].net_connections("tcp")
    return [one.status for one in found].count(psutil.CONN_ESTABLISHED)
