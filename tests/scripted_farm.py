"""A farm whose verdicts are written in the source: real evaluator and archive, no compiler, no clock."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from record_examples import HOST, measured

from hayate.errors import Fault, FaultKind
from hayate.farm import BuildJob, Farm, MeasureJob
from hayate.judge import Measurement, Rejection
from hayate.records import Built, HostProfile, MeasurePlan, Outcome, content_hash

T = TypeVar("T")


def scripted_build(job: BuildJob) -> Built | Rejection:
    """The source is the object code; it says `speed = 5`, or does not build. It uses the first technique."""
    if re.search(r"speed = \d", job.source) is None:
        return Rejection(outcome=Outcome.BUILD_FAILED, reason="no speed in it", numbers={"errors": 2.0})
    code = job.source.encode()
    return Built(
        name=job.name,
        object_code=code,
        object_hash=content_hash(job.task.name, code),
        techniques=job.permitted[:1],
        permitted=job.permitted,
        flags=("-O3",),
        compiler=HOST.compiler,
        compile_wall_s=0.25,
    )


def scripted_speed(built: Built) -> int:
    """5 of `int speed = 5;`."""
    found = re.search(rb"speed = (\d)", built.object_code)
    assert found is not None
    return int(found.group(1))


def scripted_measurement(
    built: Built, plan: MeasurePlan, rival: Built | None, truth: Callable[[int], int] = lambda speed: speed
) -> Measurement:
    """`int speed = 5;` is accepted at 5 times the reference, 0 is wrong; elsewhere another truth may hold."""
    speed = truth(scripted_speed(built))
    if speed == 0:
        return Measurement(outcome=Outcome.WRONG, reason="scripted to be wrong")
    if plan.launches == 0:
        return Measurement(outcome=Outcome.ACCEPTED, reason="right")
    if rival is None:
        return measured(speed, gflops=3.0 * speed)
    return measured(speed / truth(scripted_speed(rival)), gflops=3.0 * speed, baseline=rival.name)


class ScriptedFarm(Farm):
    """One job after the other, in the caller's thread."""

    def __init__(
        self,
        *,
        delay_s: float = 0.0,
        faulty: Callable[[int], bool] = lambda speed: False,
        host: HostProfile = HOST,
        truth: Callable[[int], int] = lambda speed: speed,
    ) -> None:
        self.host, self.sandbox_tier = host, "landlock"
        self.delay_s, self.faulty, self.truth = delay_s, faulty, truth
        self.builds: list[str] = []
        self.measured: list[str] = []

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        self.builds.append(job.source)
        return _done(lambda: scripted_build(job))

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        self.measured.append(job.built.object_hash)
        return _done(lambda: self._measure(job.built, job.plan, job.rival))

    def _measure(self, built: Built, plan: MeasurePlan, rival: Built | None) -> Measurement:
        time.sleep(self.delay_s)
        if self.faulty(scripted_speed(built)):
            raise Fault(FaultKind.HOST_TOO_NOISY, "scripted to fail", remedy="none")
        return scripted_measurement(built, plan, rival, self.truth)

    def close(self) -> None:
        pass


def _done(make: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(make())
    except Fault as fault:
        future.set_exception(fault)
    return future
