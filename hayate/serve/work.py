"""What a job's request is carried out as: a build, a measurement, a whole evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from hayate.archive import Archive, Job
from hayate.errors import Fault, FaultKind
from hayate.evaluate import EvaluateSettings, Evaluator, binds, shortfall, verdict_json
from hayate.farm import Farm
from hayate.judge.results import Rejection
from hayate.records import Candidate, Origin, Task, encode
from hayate.rewards import RewardSettings, reward
from hayate.serve.models import BuildJob, MeasureJob, VerdictJob, measure_plan
from hayate.serve.requests import BuildResult, Requests, read

_VERDICT = TypeAdapter(dict[str, Any])


class Work:
    """Any thread may call it."""

    def __init__(
        self,
        farm: Farm,
        archive: Archive,
        tasks: Mapping[str, Task],
        requests: Requests,
        reward_settings: RewardSettings,
        evaluate_settings: EvaluateSettings,
    ) -> None:
        self._farm, self._tasks, self._requests = farm, tasks, requests
        self._reward_settings, self._evaluate_settings = reward_settings, evaluate_settings
        self._evaluator = self._evaluate_into(archive, evaluate_settings)

    def carry_out(self, job: Job) -> tuple[str, bytes | None]:
        """The result as JSON, and the object code of a build. Raises Fault, Refused."""
        request = read(job.request)
        if self._requests.key(request) != job.key:
            raise Fault(
                FaultKind.NODE_LOST,
                "the server's judge, compiler or host changed since this was submitted",
                remedy="submit it again",
            )
        if isinstance(request, BuildJob):
            return self._build(request, job)
        if isinstance(request, MeasureJob):
            return self._measure(request), None
        return self._evaluate(request, job), None

    def _build(self, request: BuildJob, job: Job) -> tuple[str, bytes | None]:
        task = self._requests.task(request.task, request.task_hash)
        found = self._farm.build(
            task, request.source, request.permitted, job.key, language=request.language
        ).result()
        if isinstance(found, Rejection):
            return encode(BuildResult(rejection=found)), None
        without = found.model_copy(update={"object_code": b""})
        return encode(BuildResult(built=without)), found.object_code

    def _measure(self, request: MeasureJob) -> str:
        task, built = self._requests.object(request.build)
        rival = None if request.rival is None else self._requests.object(request.rival)[1]
        plan = measure_plan(request.plan)
        return encode(self._farm.measure(task, built, plan, rival, elsewhere=request.elsewhere).result())

    def _evaluate(self, request: VerdictJob, job: Job) -> str:
        """Only a verdict by the house's own plan, asked for once, goes to the archive that answers others.

        Whoever repeats until the figure suits, or asks for less, has the answer for itself: it is evaluated into an
        archive that ends with it, and what was asked with less is not paid.
        """
        self._requests.task(request.task, request.task_hash)
        candidate = Candidate(
            task=request.task,
            source=request.source,
            permitted=request.permitted,
            language=request.language,
            origin=Origin(kind="policy", policy=f"client {job.token}", run="serve"),
        )
        plan = measure_plan(request.plan)
        if binds(plan) and not request.plan.nonce:
            (verdict,) = self._evaluator.evaluate([candidate], plan)
        else:
            alone = self._evaluate_settings.model_copy(update={"confirm": "never", "surrogate": "off"})
            with Archive("sqlite://") as own:
                (verdict,) = self._evaluate_into(own, alone).evaluate([candidate], plan)
        if isinstance(verdict, Fault):
            raise verdict
        less = shortfall(plan)
        said = verdict_json(verdict, reward(verdict, self._reward_settings).value)
        return _VERDICT.dump_json({**said, "reward": None, "below": less} if less else said).decode()

    def _evaluate_into(self, archive: Archive, settings: EvaluateSettings) -> Evaluator:
        # One candidate's fault is its job's fault; there is no batch that could have too many.
        lenient = settings.model_copy(update={"fault_share": 1.0})
        return Evaluator(
            self._farm,
            archive,
            self._tasks,
            reward_settings=self._reward_settings,
            settings=lenient,
            run="serve",
        )
