"""Candidate -> Verdict, top to bottom.

    no source ---------------------------------------------------> violation
    known: same candidate, task, judge, host class, plan --------> its verdict again
    build on the farm -- rejected -------------------------------> verdict
        |  built
    known by object code ----------------------------------------> verdict, its timing reused
        |  new (the same object code twice in a batch: measured once)
    [surrogate = "rank": what it ranks low is not measured ---------> a guess, marked   (ranking.py)]
    measure on the farm -- wrong, crashed, cheated, ... ----------> verdict
        |  accepted
    far above the best so far: measured again; the second figure counts
    better than an elite: confirmed by a fresh measurement ------> verdict, elite replaced   (claims.py)

Each verdict is in the archive before `on_verdict` hears of it. A `Fault` is recorded as a sample without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from hayate.archive import Archive, MeasurementKey
from hayate.errors import Fault, WrongUse, too_many
from hayate.evaluate.claims import Claims, EvaluateSettings
from hayate.evaluate.ranking import Choice, Ranking
from hayate.evaluate.verdicts import again, verdict_on
from hayate.farm.base import Farm
from hayate.judge.results import Measurement, Rejection
from hayate.records import Built, Candidate, Language, MeasurePlan, Origin, Outcome, Task, Technique, Verdict
from hayate.rewards import RewardSettings, reward

OnVerdict = Callable[[Candidate, Verdict | Fault], None]
Pay = Callable[[int, Verdict | Fault], float | None]  # place in the batch, what became of it -> reward

NO_CODE = "no code block in the reply"


class Evaluator:
    """Verdicts by `farm`, kept in `archive`. Safe to use from several threads."""

    def __init__(
        self,
        farm: Farm,
        archive: Archive,
        tasks: Mapping[str, Task],
        *,
        reward_settings: RewardSettings | None = None,
        settings: EvaluateSettings | None = None,
        run: str = "",
    ) -> None:
        """`run` is the origin's run of candidates that name none.

        Raises Fault(DEPENDENCY_MISSING) if a surrogate is to rank and there is no library for it, WrongUse if the
        farm has other versions of the tasks.
        """
        farm.expect(tasks.values())
        self.farm, self.archive, self.tasks, self.run = farm, archive, tasks, run
        self.reward_settings = reward_settings or RewardSettings()
        self.settings = settings or EvaluateSettings()
        self.claims = Claims(farm, archive, self.settings)
        self.ranking = Ranking(farm, archive, self.settings) if self.settings.surrogate == "rank" else None

    def evaluate(
        self,
        candidates: Sequence[Candidate],
        plan: MeasurePlan | None = None,
        on_verdict: OnVerdict | None = None,
        *,
        rank: bool = True,
        pay: Pay | None = None,
    ) -> list[Verdict | Fault]:
        """What became of each candidate, in their order. `on_verdict` hears of each as it comes.

        `rank` False: all are measured even where a surrogate may rank, since what it picks is no fair sample.
        `pay`: the reward that is recorded, where the verdict alone does not say what a trainer is paid.
        Plans to confirm or report are measured afresh, others only if nothing like it is in the archive.
        Raises Fault(TOO_MANY_FAULTS) when more than `fault_share` of the batch met the machine's trouble,
        after all is recorded; any Fault of the archive at once; WrongUse for an unknown task.
        """
        own = [self._of_run(candidate) for candidate in candidates]
        batch = _Batch(self, own, plan or MeasurePlan(), on_verdict, rank, pay)
        results = batch.run()
        faults = [result for result in results if isinstance(result, Fault)]
        too_many(faults, len(results), self.settings.fault_share)
        return results

    def task(self, name: str) -> Task:
        try:
            return self.tasks[name]
        except KeyError:
            raise WrongUse(f"no task {name!r} here", allowed=", ".join(sorted(self.tasks))) from None

    def record(
        self, candidate: Candidate, result: Verdict | Fault, measurement: int | None, value: float | None
    ) -> int:
        """Committed when this returns. The verdict's id in the archive."""
        if isinstance(result, Fault):
            return self.archive.record_sample(candidate, None, None, fault=result)
        return self.archive.record_sample(candidate, result, value, measurement=measurement)

    def _of_run(self, candidate: Candidate) -> Candidate:
        if candidate.origin.run or not self.run:
            return candidate
        return candidate.model_copy(update={"origin": candidate.origin.model_copy(update={"run": self.run})})


@dataclass
class _Pending:
    """A measurement under way, and the candidates that it will judge; the first one asked for it."""

    key: MeasurementKey
    of: list[tuple[int, Built]]
    guessed: dict[str, float] = field(default_factory=dict)  # numbers for the first one's verdict


class _Batch:
    """One call of `evaluate`: all builds are submitted at once, and each result goes on as it comes."""

    def __init__(
        self,
        evaluator: Evaluator,
        candidates: Sequence[Candidate],
        plan: MeasurePlan,
        on_verdict: OnVerdict | None,
        rank: bool,
        pay: Pay | None,
    ) -> None:
        self.evaluator, self.candidates, self.plan, self.on_verdict = evaluator, candidates, plan, on_verdict
        self.pay = pay or self._own_pay
        self.farm, self.archive = evaluator.farm, evaluator.archive
        self.fresh = plan.purpose in ("confirm", "report")
        self.results: dict[int, Verdict | Fault] = {}
        self.building: dict[Future[Built | Rejection], list[int]] = {}
        self.measuring: dict[Future[Measurement], _Pending] = {}
        # Only what would be measured once and then known is worth a guess.
        self.ranking = evaluator.ranking if rank and not self.fresh and plan.launches else None
        self.unranked: list[_Pending] = []

    def run(self) -> list[Verdict | Fault]:
        for candidate in self.candidates:
            self.evaluator.task(candidate.task)  # a wrong name is told before any work
        try:
            for indices in _alike(self.candidates):
                self._begin(indices)
            while self.building or self.measuring or self.unranked:
                if self.unranked and not self.building:
                    self._rank()
                    continue
                under_way: list[Future[Any]] = [*self.building, *self.measuring]
                wait(under_way, return_when=FIRST_COMPLETED)
                for build in [future for future in self.building if future.done()]:
                    self._after_build(self.building.pop(build), build)
                for measurement in [future for future in self.measuring if future.done()]:
                    self._after_measurement(self.measuring.pop(measurement), measurement)
        finally:  # after an error or Ctrl-C: what still waits need not run
            for build in self.building:
                build.cancel()
            for measurement in self.measuring:
                measurement.cancel()
        return [self.results[index] for index in range(len(self.candidates))]

    def _begin(self, indices: list[int]) -> None:
        """Candidates of the same text, task and permission: settled at once, or built once."""
        candidate = self.candidates[indices[0]]
        task = self.evaluator.task(candidate.task)
        if not candidate.source.strip():
            for index in indices:
                self._settle(
                    index, self._verdict(index, Rejection(outcome=Outcome.VIOLATION, reason=NO_CODE))
                )
            return
        if not self.fresh:
            version = self.farm.judge_version(task)
            known = self.archive.recall(
                candidate.hash,
                task.hash,
                version,
                self.farm.host,
                self.plan,
                sandbox=self.farm.sandbox_tier,
            )
            if known is not None:
                for index in indices:
                    self._settle(index, again(known, self.farm.host), known.measurement_id)
                return
        future = self.farm.build(
            task, candidate.source, candidate.permitted, candidate.hash, language=candidate.language
        )
        self.building[future] = indices

    def _after_build(self, indices: list[int], future: Future[Built | Rejection]) -> None:
        try:
            built = future.result()
        except Fault as fault:
            for index in indices:
                self._settle(index, fault)
            return
        if isinstance(built, Rejection):
            for index in indices:
                self._settle(index, self._verdict(index, built, reused=index != indices[0]))
            return
        task = self.evaluator.task(self.candidates[indices[0]].task)
        of = [(index, built) for index in indices]
        key = self.evaluator.claims.key(task, built, self.plan)
        waiting = (*self.measuring.values(), *self.unranked)
        under_way = next((pending for pending in waiting if pending.key == key), None)
        if under_way is not None:
            under_way.of += of
            return
        earlier = None if self.fresh else self.archive.find_measurement(key)
        if earlier is not None:
            self._settle_measured(of, *earlier, reused=True)
        elif self.ranking is not None:
            self.unranked.append(_Pending(key, of))
        else:
            self._measure(_Pending(key, of))

    def _measure(self, pending: _Pending) -> None:
        index, built = pending.of[0]
        task = self.evaluator.task(self.candidates[index].task)
        self.measuring[self.farm.measure(task, built, self.plan)] = pending

    def _rank(self) -> None:
        """All is built: measure what promises most and some of the rest, and guess the others."""
        assert self.ranking is not None
        by_task: dict[str, list[_Pending]] = {}
        for pending in self.unranked:
            by_task.setdefault(self.candidates[pending.of[0][0]].task, []).append(pending)
        self.unranked = []
        batch = sorted({candidate.hash for candidate in self.candidates})
        chosen: list[tuple[_Pending, Choice]] = []
        for name, pendings in by_task.items():  # all of them first: fitting would disturb what is timed
            cases = [(self.candidates[p.of[0][0]], p.of[0][1]) for p in pendings]
            chosen += zip(pendings, self.ranking.choose(self.evaluator.task(name), cases, batch), strict=True)
        for pending, choice in chosen:
            if choice.guess is None:
                pending.guessed = choice.numbers
                self._measure(pending)
            else:
                self._settle_guess(pending.of, choice.guess)

    def _after_measurement(self, pending: _Pending, future: Future[Measurement]) -> None:
        try:
            found = future.result()
        except Fault as fault:
            for index, _ in pending.of:
                self._settle(index, fault)
            return
        if found.guess:  # the farm's own: it keeps no measurement and claims nothing
            self._settle_guess(pending.of, found)
            return
        number = self.archive.store_measurement(pending.key, found)
        self._settle_measured(pending.of, number, found, reused=False, guessed=pending.guessed)

    def _settle_guess(self, of: list[tuple[int, Built]], guess: Measurement) -> None:
        for place, (index, built) in enumerate(of):
            self._settle(index, self._verdict(index, guess, built=built, reused=place > 0))

    def _settle_measured(
        self,
        of: list[tuple[int, Built]],
        number: int,
        found: Measurement,
        *,
        reused: bool,
        guessed: dict[str, float] | None = None,
    ) -> None:
        """The first one of a fresh measurement may claim an elite's place; its likes an empty niche only."""
        claims = self.evaluator.claims
        for index, built in of:
            task = self.evaluator.task(self.candidates[index].task)
            with claims.one_at_a_time:
                if reused:
                    claim = claims.empty_niche(task, built, found)
                else:
                    number, found, claim = claims.weigh(task, built, self.plan, number, found)
                verdict = self._verdict(index, found, built=built, reused=reused)
                if guessed and not reused:
                    verdict = verdict.model_copy(update={"numbers": verdict.numbers | guessed})
                verdict_id = self._settle(index, verdict, number)
                if claim is not None:
                    claims.grant(claim, verdict, verdict_id, built)
            reused = True

    def _verdict(
        self,
        index: int,
        found: Measurement | Rejection,
        *,
        built: Built | None = None,
        reused: bool = False,
    ) -> Verdict:
        candidate = self.candidates[index]
        task = self.evaluator.task(candidate.task)
        return verdict_on(
            task,
            candidate,
            found,
            self.farm.host,
            self.farm.sandbox_tier,
            self.farm.judge_version(task),
            built=built,
            reused=reused,
        )

    def _own_pay(self, index: int, result: Verdict | Fault) -> float | None:
        return None if isinstance(result, Fault) else reward(result, self.evaluator.reward_settings).value

    def _settle(self, index: int, result: Verdict | Fault, measurement: int | None = None) -> int:
        self.results[index] = result
        value = self.pay(index, result)
        verdict_id = self.evaluator.record(self.candidates[index], result, measurement, value)
        if self.on_verdict is not None:
            self.on_verdict(self.candidates[index], result)
        return verdict_id


def judge_one(
    task: Task,
    source: str,
    permitted: Sequence[Technique] | None = None,
    *,
    farm: Farm,
    archive: Archive | None = None,
    plan: MeasurePlan | None = None,
    reward_settings: RewardSettings | None = None,
    language: Language = "c",
) -> Verdict:
    """One verdict on a person's source. `permitted` None: every technique of the task. Raises Fault.

    Without an archive nothing is kept, and nothing that was measured before is used.
    """
    permitted = task.techniques if permitted is None else tuple(permitted)
    candidate = Candidate(
        task=task.name,
        source=source,
        permitted=permitted,
        origin=Origin(kind="person"),
        language=language,
    )
    settings = EvaluateSettings(confirm="never", fault_share=1)
    kept = archive or Archive("sqlite://")
    try:
        evaluator = Evaluator(
            farm, kept, {task.name: task}, reward_settings=reward_settings, settings=settings
        )
        (result,) = evaluator.evaluate([candidate], plan)
    finally:
        if archive is None:
            kept.close()
    if isinstance(result, Fault):
        raise result
    return result


def _alike(candidates: Sequence[Candidate]) -> list[list[int]]:
    """Indices of candidates, those with equal hashes together, in the order of their first."""
    groups: dict[str, list[int]] = {}
    for index, candidate in enumerate(candidates):
        groups.setdefault(candidate.hash, []).append(index)
    return list(groups.values())
