"""A farm whose verdicts are written in the source: real evaluator and archive, no compiler, no clock."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from record_examples import HOST, scripted_measurement, scripted_speed

from hayate.errors import Fault, FaultKind
from hayate.farm import BuildJob, Farm, MeasureJob
from hayate.judge import Measurement, Rejection
from hayate.records import Built, HostProfile, MeasurePlan, Outcome, content_hash

T = TypeVar("T")


class ScriptedFarm(Farm):
    """`int speed = 5;` is accepted at 5 times the reference, 0 is wrong; without a speed it does not build."""

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
        source, name, permitted = job.source, job.name, job.permitted
        self.builds.append(source)
        found = re.search(r"speed = (\d)", source)
        if found is None:
            return _done(lambda: Rejection(outcome=Outcome.BUILD_FAILED, reason="no speed in it"))
        code = source.encode()
        return _done(
            lambda: Built(
                name=name,
                object_code=code,
                object_hash=content_hash(code),
                techniques=permitted[:1],
                permitted=permitted,
                compiler=HOST.compiler,
            )
        )

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
