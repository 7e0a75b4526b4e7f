"""The fastest kernels of each class of hosts, measured on all of them: how well speed travels.

A kernel's *efficiency* on a class is its speed-up over that of the fastest kernel of the table there; its
*performance portability* the harmonic mean of its efficiencies, and 0 if it is not accepted on one of them
(Pennycook, Sewall, Lee: Implications of a metric for performance portability, FGCS 92, 2019, with application
efficiency). Speed-ups are over the reference on the same class, so that figures of different machines compare.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from hayate.errors import Fault
from hayate.evaluate import Evaluator
from hayate.evaluate.classes import side_by_side
from hayate.judge import Measurement, Rejection
from hayate.records import Built, Candidate, Interval, MeasurePlan, Outcome, Record, Speedup, Task, encode

KERNELS_MOST = 6  # of each class, the best of its best niches
LAUNCHES = 3

Say = Callable[[str], None]


class ClassFigure(Record):
    """A kernel on one class of hosts."""

    outcome: Outcome | None  # None: the machine failed
    reason: str = ""
    speedup: Interval | None = None  # over the reference there
    gflops: Interval | None = None
    efficiency: float | None = None


class PortableKernel(Record):
    """A kernel on every class. `best_on`: the classes that gave it to the table, as elite of a niche."""

    candidate: str
    niche: str
    best_on: tuple[str, ...]
    figures: dict[str, ClassFigure]
    portability: float | None  # None: not known on every class


class TaskPortability(Record):
    task: str
    kernels: tuple[PortableKernel, ...]  # the most portable first


class HostClass(Record):
    name: str  # "" is the run's own
    host_class: str
    compiler: str


class Portability(Record):
    """What `portability.json` of a run's folder holds."""

    classes: tuple[HostClass, ...]
    tasks: tuple[TaskPortability, ...]


def measure_portability(
    tasks: Mapping[str, Task],
    evaluators: Mapping[str, Evaluator],
    out: Path | None = None,
    *,
    say: Say = lambda _: None,
) -> Portability:
    """Measure the elites of every class on every class; `evaluators` by the classes' names.

    What fails on one machine leaves a gap in the table. Raises Fault if an archive can't be read.
    """
    found = []
    for name, task in tasks.items():
        kernels = _kernels(task, evaluators)
        say(f"{name}: {len(kernels)} kernels on {len(evaluators)} classes of hosts")
        found.append(
            TaskPortability(task=name, kernels=_table(kernels, _everywhere(task, kernels, evaluators)))
        )
    classes = tuple(
        HostClass(name=at, host_class=e.farm.host.host_class, compiler=e.farm.host.compiler)
        for at, e in evaluators.items()
    )
    result = Portability(classes=classes, tasks=tuple(found))
    if out is not None:
        partial = out.with_suffix(".partial")
        partial.write_text(encode(result) + "\n")
        partial.replace(out)
    return result


_Kernel = tuple[Candidate, str, tuple[str, ...]]  # with its niche and the classes that gave it


def _kernels(task: Task, evaluators: Mapping[str, Evaluator]) -> list[_Kernel]:
    given: dict[str, tuple[Candidate, str, list[str]]] = {}
    for at, evaluator in evaluators.items():
        elites = evaluator.archive.elites(
            task.name, host_class=evaluator.farm.host.host_class, task_hash=task.hash
        )
        for elite in elites[:KERNELS_MOST]:
            candidate = evaluator.archive.candidate(elite.candidate)
            if candidate is not None:
                given.setdefault(elite.candidate, (candidate, elite.niche, []))[2].append(at)
    return [(candidate, niche, tuple(at)) for candidate, niche, at in given.values()]


def _everywhere(
    task: Task, kernels: list[_Kernel], evaluators: Mapping[str, Evaluator]
) -> dict[str, list[ClassFigure]]:
    """By class; all classes work at the same time."""
    candidates = [candidate for candidate, _, _ in kernels]
    columns = side_by_side([partial(_on, task, candidates, one) for one in evaluators.values()])
    return dict(zip(evaluators, columns, strict=True))


def _on(task: Task, kernels: list[Candidate], evaluator: Evaluator) -> list[ClassFigure]:
    """All of them on one class, side by side on its slots."""
    farm = evaluator.farm
    plan = MeasurePlan(purpose="report", launches=LAUNCHES, max_launches=LAUNCHES)
    builds = [farm.build(task, one.source, one.permitted, one.hash, language=one.language) for one in kernels]
    measured: list[Future[Measurement] | ClassFigure] = []
    for build in builds:
        made = _settled(build)
        measured.append(farm.measure(task, made, plan) if isinstance(made, Built) else made)
    return [one if isinstance(one, ClassFigure) else _measured(one) for one in measured]


def _settled(build: Future[Built | Rejection]) -> Built | ClassFigure:
    try:
        made = build.result()
    except Fault as fault:
        return ClassFigure(outcome=None, reason=str(fault))
    if isinstance(made, Rejection):
        return ClassFigure(outcome=made.outcome, reason=made.reason)
    return made


def _measured(future: Future[Measurement]) -> ClassFigure:
    try:
        found = future.result()
    except Fault as fault:
        return ClassFigure(outcome=None, reason=str(fault))
    rate = found.metric
    return ClassFigure(
        outcome=found.outcome,
        reason=found.reason,
        speedup=None if found.speedup is None else _interval(found.speedup),
        gflops=None
        if rate is None or rate.name != "gflops"
        else Interval(value=rate.value, low=rate.low, high=rate.high),
    )


def _interval(speedup: Speedup) -> Interval:
    return Interval(value=speedup.median, low=speedup.low, high=speedup.high, confidence=speedup.confidence)


def _table(kernels: list[_Kernel], figures: Mapping[str, list[ClassFigure]]) -> tuple[PortableKernel, ...]:
    best = {
        at: max((one.speedup.value for one in column if one.speedup is not None), default=None)
        for at, column in figures.items()
    }
    found = []
    for place, (candidate, niche, best_on) in enumerate(kernels):
        row = {}
        for at, column in figures.items():
            one, fastest = column[place], best[at]
            if one.speedup is not None and fastest is not None:
                one = one.model_copy(update={"efficiency": one.speedup.value / fastest})
            row[at] = one
        found.append(
            PortableKernel(
                candidate=candidate.hash,
                niche=niche,
                best_on=best_on,
                figures=row,
                portability=portability(list(row.values())),
            )
        )
    return tuple(
        sorted(found, key=lambda one: -1.0 if one.portability is None else one.portability, reverse=True)
    )


def portability(figures: list[ClassFigure]) -> float | None:
    """Harmonic mean of the efficiencies; 0 if it was rejected on one class, None if one is not known."""
    if any(one.outcome not in (None, Outcome.ACCEPTED) for one in figures):
        return 0.0
    efficiencies = [one.efficiency for one in figures if one.efficiency is not None]
    return statistics.harmonic_mean(efficiencies) if len(efficiencies) == len(figures) else None
