"""What is measured and where: the same in all launches of a measurement."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace

from hayate.hosts import Slot
from hayate.judge.calibrate import calibrate_task, yardsticks
from hayate.judge.native import Natives, natives
from hayate.judge.results import TaskCalibration, YardstickFigure
from hayate.records import Band, Built, HostProfile, MeasurePlan, Task, Technique
from hayate.sandbox import Sandbox


def bands_of(task: Task, plan: MeasurePlan) -> tuple[Band, ...]:
    """The plan's bands; else the training bands for training and confirmation, the report bands for reports."""
    if plan.bands is not None:
        return tuple(b for b in task.bands if b.name in plan.bands)
    if plan.purpose == "report":
        return tuple(b for b in task.bands if b.report)
    return tuple(b for b in task.bands if b.training)


@dataclass(frozen=True)
class Subject:
    """`opponents`: the task's yardsticks, or the rival alone, which has no calibration."""

    task: Task
    built: Built
    plan: MeasurePlan
    host: HostProfile
    slot: Slot
    sandbox: Sandbox
    rival: Built | None
    rng: random.Random
    bands: tuple[Band, ...]
    programs: Natives
    opponents: tuple[Built, ...]
    calibration: TaskCalibration | None

    @property
    def threaded(self) -> bool:
        """Whether one of those that are timed may have several threads."""
        return any(Technique.THREADS in b.permitted or b.libraries for b in (self.built, *self.opponents))

    def figure(self, opponent: Built, band: Band) -> YardstickFigure | None:
        return None if self.calibration is None else self.calibration.of(opponent.name, band.name)

    def fastest(self, band: Band) -> int:
        """Index of the yardstick that is fastest on this host; of the last where none was calibrated."""
        ranked = self.calibration.ranked(band.name) if self.calibration else ()
        names = [o.name for o in self.opponents]
        return names.index(ranked[-1].name) if ranked else len(names) - 1

    def seed(self) -> int:
        return self.rng.getrandbits(62)


def subject_of(
    task: Task,
    built: Built,
    plan: MeasurePlan,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    rival: Built | None,
) -> Subject:
    """Yardsticks are built and calibrated first where they have to be. Raises Fault."""
    bands = bands_of(task, plan) if plan.launches else ()
    programs = natives(task, host)
    calibration = None
    if rival is not None:
        opponents: tuple[Built, ...] = (rival,)
    else:
        opponents = yardsticks(task, host=host, sandbox=sandbox)
        if bands:
            calibration = calibrate_task(task, [b.name for b in bands], host=host, slot=slot, sandbox=sandbox)
    return Subject(
        task=task,
        built=built,
        plan=plan,
        host=host,
        slot=slot,
        sandbox=sandbox,
        rival=rival,
        rng=random.Random(plan.seed) if plan.seed is not None else secrets.SystemRandom(),
        bands=bands,
        programs=programs,
        opponents=opponents,
        calibration=calibration,
    )


def without_rival(subject: Subject, *, timed: bool) -> Subject:
    """The same candidate beside the task's yardsticks; not timed, it has no bands. Raises Fault.

    A single launch of a training verdict, which bears a machine that has changed since the calibration.
    """
    task, host, sandbox = subject.task, subject.host, subject.sandbox
    bands = subject.bands if timed else ()
    calibration = None
    if bands:
        names = [b.name for b in bands]
        calibration = calibrate_task(task, names, host=host, slot=subject.slot, sandbox=sandbox)
    return replace(
        subject,
        plan=subject.plan.model_copy(update={"purpose": "training", "launches": 1, "max_launches": 1}),
        rival=None,
        bands=bands,
        opponents=yardsticks(task, host=host, sandbox=sandbox),
        calibration=calibration,
    )
