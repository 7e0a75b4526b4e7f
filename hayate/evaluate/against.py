"""A candidate head-to-head against another source, for a person who wants to know which is faster."""

from __future__ import annotations

from collections.abc import Sequence

from hayate.errors import WrongUse
from hayate.evaluate.verdicts import verdict_on
from hayate.farm import Farm
from hayate.judge.results import Rejection
from hayate.records import (
    Built,
    Candidate,
    Language,
    MeasurePlan,
    Origin,
    Outcome,
    Task,
    Technique,
    Verdict,
)


def judge_against(
    task: Task,
    source: str,
    rival: str,
    permitted: Sequence[Technique],
    *,
    farm: Farm,
    plan: MeasurePlan,
    language: Language = "c",
    rival_language: Language = "c",
    rival_name: str = "rival",
) -> Verdict:
    """The verdict on `source` whose speed-up is over `rival`, both with the same techniques permitted.

    The rival is verified by itself first: who is beaten must have been right. Raises WrongUse if it is not, and Fault.
    """
    other = farm.build(task, rival, permitted, rival_name, language=rival_language)
    mine = farm.build(task, source, permitted, "candidate", language=language)
    opponent = _sound(farm, task, other.result(), plan, rival_name)
    candidate = Candidate(
        task=task.name,
        source=source,
        permitted=tuple(permitted),
        origin=Origin(kind="person"),
        language=language,
    )
    built = mine.result()
    found = built if isinstance(built, Rejection) else farm.measure(task, built, plan, opponent).result()
    return verdict_on(
        task,
        candidate,
        found,
        farm.host,
        farm.sandbox_tier,
        farm.judge_version(task),
        built=built if isinstance(built, Built) else None,
    )


def _sound(farm: Farm, task: Task, built: Built | Rejection, plan: MeasurePlan, name: str) -> Built:
    """Raises WrongUse unless the rival builds and computes what is due."""
    if isinstance(built, Rejection):
        raise WrongUse(f"{name} is rejected: {built.outcome.value}: {built.reason}", where="--against")
    verify = MeasurePlan(purpose="check", launches=0, verify_shapes=plan.verify_shapes)
    found = farm.measure(task, built, verify).result()
    if found.outcome is not Outcome.ACCEPTED:
        raise WrongUse(f"{name} is rejected: {found.outcome.value}: {found.reason}", where="--against")
    return built
