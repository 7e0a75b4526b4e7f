"""A farm that measures nothing: it answers from an archive, and the same question in the same order alike.

    build    the candidate as it was first judged there: refused, or built, without its object code
    measure  what was recorded of that object code, for the same task, judge, class of host and kind of plan

Of several recorded measurements the first is given first (seed 0), or they come in an order drawn by the seed.
What the archive does not know is a Fault, or, for training's plans, a guess by a surrogate trained from it.
"""

from __future__ import annotations

import random
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hayate.archive import Archive, MeasurementKey, VerdictRow
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm.base import BuildJob, Farm, MeasureJob, closed
from hayate.farm.settings import FarmSettings
from hayate.judge import Measurement, Rejection
from hayate.records import (
    Built,
    Candidate,
    MeasurePlan,
    Origin,
    Outcome,
    Step,
    Task,
    Technique,
    Verdict,
    content_hash,
)
from hayate.surrogate import Guess, Learner, Surrogate, check
from hayate.surrogate.guess import guessed_id, is_guessed_id
from hayate.toolchains.reading import Tangled, read_source

REPLAYED = "replayed from recorded verdicts: nothing was run for this"

_HASH = re.compile(r"[0-9a-f]{32}")
T = TypeVar("T")


class ReplayFarm(Farm):
    """The archive as it is when this is made; what is written to it later is not seen.

    `host` and `sandbox_tier` are the newest recorded ones of the class of host with most verdicts. Futures are
    done when they are returned.
    """

    kind = "replay"

    def __init__(self, settings: FarmSettings) -> None:
        """Raises WrongUse if the archive is not there or holds no verdict, Fault if it can't be read."""
        if settings.replay is None:
            raise WrongUse(
                "no archive to replay", where="farm.replay", allowed='a table with archive = "..."'
            )
        self._settings = settings.replay
        if self._settings.unknown == "guess":
            check()
        _must_exist(self._settings.archive)
        self._archive = Archive(self._settings.archive)
        try:
            self._index()
        except BaseException:
            self._archive.close()
            raise

    def _index(self) -> None:
        classes = self._archive.host_classes()
        if not classes:
            raise WrongUse("no verdict to replay", where=self._archive.where, allowed="an archive of a run")
        host_class = classes[0][0]
        self._first: dict[tuple[str, str, str], VerdictRow] = {}
        self._versions: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        newest = 0
        for row in self._archive.verdict_rows(host_class):
            self._first.setdefault((row.candidate, row.task_hash, row.judge_version), row)
            self._versions[row.task][row.task_hash, row.judge_version] += 1
            newest = row.id
        self._measured: dict[MeasurementKey, list[int]] = defaultdict(list)
        self._flags: dict[int, str] = {}
        for number, key in self._archive.measurement_keys(host_class):
            self._measured[key.kind].append(number)
            self._flags[number] = key.flags
        last = self._archive.verdict(newest)
        assert last is not None
        warnings = (*last.host.warnings, *(() if REPLAYED in last.host.warnings else (REPLAYED,)))
        self.host = last.host.model_copy(update={"warnings": warnings})
        self.sandbox_tier = last.sandbox
        self._lock = threading.Lock()
        self._asked: Counter[Hashable] = Counter()
        self._learners: dict[str, tuple[Learner, Surrogate]] = {}
        self._guessed: dict[str, Guess] = {}  # by the object hash that stands for them
        self._spent = threading.local()
        self._closed = False

    def judge_version(self, task: Task) -> str:
        """That of most verdicts on this version of the task; of another version's if there are none."""
        known = self._versions.get(task.name, Counter())
        own = [(count, version) for (of, version), count in known.items() if of == task.hash]
        if own:
            return max(own)[1]
        return max(((count, version) for (_, version), count in known.items()), default=(0, "none"))[1]

    def clock(self) -> float:
        """What the answers to this thread took when they were recorded."""
        return float(getattr(self._spent, "wall_s", 0.0))

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        candidate = Candidate(
            task=job.task.name,
            source=job.source,
            permitted=job.permitted,
            origin=Origin(kind="policy"),
            language=job.language,
        )
        return self._answer(lambda: self._build(job.task, candidate, job.name or candidate.hash))

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        return self._answer(lambda: self._measure(job.task, job.built, job.plan, job.rival))

    def close(self) -> None:
        self._closed = True
        self._archive.close()

    def _answer(self, make: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        try:
            if self._closed:
                raise closed()
            found = make()
        except Fault as fault:
            future.set_exception(fault)
        else:
            took = found.compile_wall_s if isinstance(found, Built) else getattr(found, "wall_s", 0.0)
            self._spent.wall_s = self.clock() + took
            future.set_result(found)
        return future

    def _build(self, task: Task, candidate: Candidate, name: str) -> Built | Rejection:
        row = self._first.get((candidate.hash, task.hash, self.judge_version(task)))
        if row is None:
            if self._settings.unknown == "guess":
                return self._guess_build(task, candidate, name)
            raise self._unknown(task, f"candidate {candidate.hash[:12]}")
        verdict = self._archive.verdict(row.id)
        assert verdict is not None
        if row.measurement is None:
            return Rejection(
                outcome=verdict.outcome,
                reason=verdict.reason,
                numbers=verdict.numbers,
                techniques=verdict.techniques,
                object_hash=verdict.object_hash,
                steps=verdict.steps,
                wall_s=verdict.wall_s,
            )
        made = _build_step(verdict)
        return Built(
            name=name,
            object_code=b"",
            object_hash=verdict.object_hash,
            techniques=verdict.techniques,
            permitted=candidate.permitted,
            flags=_flags(self._flags[row.measurement], candidate.permitted),
            compiler=made.note or verdict.host.compiler,
            arch=verdict.host.arch,
            compile_wall_s=made.wall_s,
        )

    def _measure(self, task: Task, built: Built, plan: MeasurePlan, rival: Built | None) -> Measurement:
        version = self.judge_version(task)
        key = MeasurementKey.of(
            task,
            built,
            plan,
            judge_version=version,
            host_class=self.host.host_class,
            sandbox=self.sandbox_tier,
        ).kind
        against = "" if rival is None else rival.object_hash
        numbers = self._fitting(task, key, rival)
        if numbers:
            found = self._archive.measurement(numbers[self._choice((key, against), len(numbers))])
            assert found is not None
            return found
        if self._settings.unknown == "guess" and plan.purpose == "training" and rival is None:
            return self._guess_measure(task, built, plan)
        if is_guessed_id(built.object_hash) or (rival is not None and is_guessed_id(rival.object_hash)):
            raise Fault(
                FaultKind.NOT_RECORDED,
                f"{built.name[:12]} was only guessed: a guess confirms nothing",
                remedy="judge.confirm = 'never', or a farm that measures",
            )
        versus = "" if rival is None else f" against {rival.name[:12]}"
        raise self._unknown(
            task,
            f"{built.name[:12]} (object {built.object_hash[:12]}){versus} with purpose {plan.purpose}, "
            f"bands {key.bands}",
        )

    def _fitting(self, task: Task, key: MeasurementKey, rival: Built | None) -> list[int]:
        """Ids of what answers the question, oldest first.

        Who was paired with what stands in the baseline of the speed-up; a failure has none, and holds
        whoever ran beside it.
        """
        numbers = self._measured.get(key, [])
        if key.purpose != "confirm":
            return numbers if rival is None else []
        fitting = []
        for number in numbers:
            found = self._archive.measurement(number)
            assert found is not None
            beside = "" if found.speedup is None else found.speedup.baseline
            if found.speedup is None or not _HASH.fullmatch(beside):
                fits = rival is None or found.outcome is not Outcome.ACCEPTED
            else:
                fits = rival is not None and self._is(task, beside, rival)
            if fits:
                fitting.append(number)
        return fitting

    def _is(self, task: Task, candidate_hash: str, rival: Built) -> bool:
        """Is the candidate the rival, or of the same object code?"""
        if candidate_hash == rival.name:
            return True
        row = self._first.get((candidate_hash, task.hash, self.judge_version(task)))
        verdict = None if row is None else self._archive.verdict(row.id)
        return verdict is not None and verdict.object_hash == rival.object_hash

    def _choice(self, question: Hashable, among: int) -> int:
        """Which of several answers: a function of the seed, the question, and how often it was asked here."""
        with self._lock:
            asked = self._asked[question]
            self._asked[question] += 1
        if not self._settings.seed:
            return asked % among
        order = list(range(among))
        random.Random(content_hash(str(self._settings.seed), repr(question))).shuffle(order)
        return order[asked % among]

    def _unknown(self, task: Task, what: str) -> Fault:
        """With what the archive does hold."""
        known = self._versions.get(task.name)
        where = self._archive.where
        if not known:
            there = ", ".join(sorted(self._versions))
            return Fault(
                FaultKind.NOT_RECORDED,
                f"{where} has no verdict on {task.name}; it has {there}",
                remedy="replay an archive of this task",
            )
        if all(of != task.hash for of, _ in known):
            versions = ", ".join(sorted(of[:12] for of, _ in known))
            return Fault(
                FaultKind.NOT_RECORDED,
                f"{where} knows {task.name} only in another version ({versions}), not as it is now "
                f"({task.hash[:12]})",
                remedy="replay with the task and the hayate of then, or record an archive anew",
            )
        return Fault(
            FaultKind.NOT_RECORDED,
            f"{what} of {task.name} is not in {where}",
            remedy="farm.replay.unknown = 'guess' for training's plans, or a farm that measures",
        )

    def _guess_build(self, task: Task, candidate: Candidate, name: str) -> Built | Rejection:
        """The guard is asked, as it needs no machine; what compiling would say is guessed."""
        try:
            facts = read_source(task, candidate.source, candidate.permitted, candidate.language)
        except Tangled as tangled:
            return Rejection(
                outcome=Outcome.VIOLATION, reason=f"the source can't be read: {tangled}", guess=True
            )
        if facts.violations:
            return Rejection(
                outcome=Outcome.VIOLATION,
                reason="; ".join(facts.violations[:3]),
                techniques=facts.techniques,
                guess=True,
            )
        found = self._guess(task, candidate, facts.techniques, built=False)
        if found.passes < 0.5 and found.failure is Outcome.BUILD_FAILED:
            said = found.measurement()
            return Rejection(
                outcome=said.outcome,
                reason=said.reason,
                numbers=said.numbers,
                techniques=facts.techniques,
                guess=True,
            )
        object_hash = guessed_id(candidate.hash)
        self._guessed[object_hash] = found
        return Built(
            name=name,
            object_code=b"",
            object_hash=object_hash,
            techniques=facts.techniques,
            permitted=candidate.permitted,
            compiler=self.host.compiler,
            arch=self.host.arch,
        )

    def _guess_measure(self, task: Task, built: Built, plan: MeasurePlan) -> Measurement:
        found = self._guessed.get(built.object_hash)
        if found is None:
            candidate = self._archive.candidate(built.name)
            if candidate is None:
                raise self._unknown(task, built.name[:12])
            found = self._guess(task, candidate, built.techniques, built=True)
        return found.measurement(timed=plan.launches > 0)

    def _guess(
        self, task: Task, candidate: Candidate, techniques: Sequence[Technique], *, built: bool
    ) -> Guess:
        learner, surrogate = self._surrogate(task)
        (found,) = surrogate.guess([learner.features(candidate, techniques)], built=built)
        return found

    def _surrogate(self, task: Task) -> tuple[Learner, Surrogate]:
        with self._lock:
            known = self._learners.get(task.hash)
            if known is None:
                if all(of != task.hash for of, _ in self._versions.get(task.name, ())):
                    raise self._unknown(task, "")
                learner = Learner(
                    self._archive,
                    task,
                    judge_version=self.judge_version(task),
                    host_class=self.host.host_class,
                )
                known = self._learners[task.hash] = learner, learner.fit()
            return known


def _must_exist(archive: str) -> None:
    """Opening would make an empty one in its place."""
    path: str | None = archive
    if "://" in archive:
        try:
            url = sa.make_url(archive)
        except sa.exc.ArgumentError:
            return  # Archive says what is wrong with it
        path = url.database if url.get_backend_name() == "sqlite" else None
    if path is not None and not Path(path).expanduser().is_file():
        raise WrongUse("no archive here to replay", where=path, allowed="an archive.db that a run wrote")


def _build_step(verdict: Verdict) -> Step:
    """What compiling took; a verdict on known object code says it as its wall time."""
    made = next((step for step in verdict.steps if step.name == "build"), None)
    return made or Step(name="build", wall_s=verdict.wall_s if verdict.reused else 0.0)


def _flags(key: str, permitted: Sequence[Technique]) -> tuple[str, ...]:
    """Those of the compilation, from a measurement's key."""
    words = key.split(" ") if key else []
    if Technique.THREADS in permitted and words[-1:] == ["threads"]:
        words = words[:-1]
    return tuple(words)
