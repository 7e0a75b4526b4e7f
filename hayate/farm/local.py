"""This machine as a farm: builders on the cores that no slot uses, one measuring thread per slot."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from hayate import hosts, judge
from hayate.errors import Fault, FaultKind
from hayate.farm.base import BuildJob, Farm, MeasureJob
from hayate.farm.schedule import Kind, Scheduler
from hayate.farm.settings import FarmSettings
from hayate.farm.status import FarmStatus, Look, SlotStatus
from hayate.farm.tracked import Tracked
from hayate.hosts import Slot
from hayate.judge.locks import slot_in_use
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, HostProfile
from hayate.sandbox import Sandbox, best
from hayate.toolchains import Compiler


def this_machine() -> FarmStatus:
    """Its slots, and which of them any process times on now. Raises Fault. Calibrates if it has to."""
    host = hosts.profile()
    now = time.time()
    slots = [
        SlotStatus(name=f"slot {place}: {slot}", job="measure" if slot_in_use(slot) else "")
        for place, slot in enumerate(hosts.slots())
    ]
    return FarmStatus(
        kind="local",
        host_class=host.host_class,
        sandbox=best().tier,
        judge_version=judge.JUDGE_VERSION,
        opened=now,
        at=now,
        running=sum(bool(slot.job) for slot in slots),
        slots=tuple(slots),
    )


class LocalFarm(Farm):
    """`build` and `measure` are the judge's, unless a test says otherwise."""

    kind = "local"

    def __init__(
        self,
        settings: FarmSettings,
        *,
        host: HostProfile,
        slots: Sequence[Slot],
        sandbox: Sandbox,
        compiler: Compiler | None = None,
        build: Callable[..., Built | Rejection] = judge.build,
        measure: Callable[..., Measurement] = judge.measure,
    ) -> None:
        if not slots:
            raise Fault(
                FaultKind.HOST_UNFIT, "no slot to measure on", remedy="give this process at least one core"
            )
        self.host = host if compiler is None else host.model_copy(update={"compiler": compiler.label})
        self.sandbox_tier = sandbox.tier
        self.slots = tuple(slots[: settings.slots])
        self._sandbox = Tracked(sandbox)
        # The commands of each job, so that it can be ended alone.
        self._own: weakref.WeakKeyDictionary[Future[Any], Tracked] = weakref.WeakKeyDictionary()
        self._compiler = compiler
        self._build, self._measure = build, measure
        self._last_place: dict[str, int] = {}  # object hash -> slot's number
        cores = os.sched_getaffinity(0)
        used = {core for slot in self.slots for core in (*slot.compute_cores, slot.clock_core)}
        self._spare = cores - used
        self.exclusive = not self._spare
        self._scheduler = Scheduler(
            builders=settings.builders or len(self._spare or cores),
            slots=len(self.slots),
            exclusive=self.exclusive,
            retries=settings.retries,
            prepare=self._bind,
        )

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        own = Tracked(self._sandbox)

        def run(_place: int) -> Built | Rejection:
            return self._build(
                job.task,
                job.source,
                job.permitted,
                host=self.host,
                sandbox=own,
                compiler=self._compiler,
                name=job.name,
                language=job.language,
            )

        future = self._scheduler.submit("build", run, priority=priority)
        self._own[future] = own
        return future

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        own = Tracked(self._sandbox)

        def run(place: int) -> Measurement:
            self._last_place[job.built.object_hash] = place
            return self._measure(
                job.task,
                job.built,
                job.plan,
                host=self.host,
                slot=self.slots[place],
                sandbox=own,
                rival=job.rival,
            )

        last = self._last_place.get(job.built.object_hash) if job.elsewhere else None
        future = self._scheduler.submit(
            "measure", run, priority=priority, avoid=None if last is None else {last}
        )
        self._own[future] = own
        return future

    def end(self, future: Future[Any]) -> None:
        self._scheduler.end(future)  # first: what is killed below must not be tried again, or judged
        own = self._own.get(future)
        if own is not None:
            own.end_all()

    def look(self) -> Look:
        running = self._scheduler.running()
        builds, calls = running["build"], running["measure"]
        slots = [
            SlotStatus(
                name=f"slot {place}: {slot}",
                job="measure" if place in calls else "",
                for_s=calls.get(place, 0.0),
            )
            for place, slot in enumerate(self.slots)
        ]
        builders = [
            SlotStatus(name=f"builder {place}", job="build", for_s=s) for place, s in sorted(builds.items())
        ]
        return Look(running=len(builds) + len(calls), slots=(*slots, *builders))

    def close(self) -> None:
        self._scheduler.close(self._sandbox.end_all)

    def _bind(self, kind: Kind, _place: int) -> None:
        """Builders, and the compilers that they start, keep off the slots' cores."""
        if kind == "build" and self._spare:
            os.sched_setaffinity(0, self._spare)  # 0: this thread
