"""From what build and measure found to the record that stands."""

from __future__ import annotations

from typing import Any

from hayate.archive import Recalled
from hayate.judge.results import Measurement, Rejection
from hayate.records import GUESSED, Built, Candidate, HostProfile, Step, Task, Verdict


def verdict_on(
    task: Task,
    candidate: Candidate,
    found: Measurement | Rejection,
    host: HostProfile,
    sandbox: str,
    judge_version: str,
    *,
    built: Built | None = None,
    reused: bool = False,
) -> Verdict:
    """`reused`: found for other source of the same object code, or before, so that it cost nothing now.

    A guess is marked, and its judge version is none that anybody asks the archive for.
    """
    build_s = 0.0 if built is None else built.compile_wall_s
    steps = () if built is None else (Step(name="build", wall_s=build_s, note=built.compiler),)
    verdict = Verdict(
        task=task.name,
        task_hash=task.hash,
        candidate=candidate.hash,
        outcome=found.outcome,
        reason=found.reason,
        numbers=found.numbers,
        host=host,
        sandbox=sandbox,
        judge_version=GUESSED + judge_version if found.guess else judge_version,
        wall_s=build_s if reused else build_s + found.wall_s,
        steps=steps if reused else (*steps, *found.steps),
        reused=reused,
        guess=found.guess,
    )
    update: dict[str, object] = {}
    if isinstance(found, Measurement):
        names = ("timing", "metric", "speedup", "decision")
        update = {name: getattr(found, name) for name in names}
    else:
        update = {"techniques": found.techniques, "object_hash": found.object_hash}
    if built is not None:
        update |= {"techniques": built.techniques, "object_hash": built.object_hash}
    return verdict.model_copy(update=update)


def again(known: Recalled, host: HostProfile) -> Verdict:
    """An earlier verdict, with what its object code was last found to be."""
    update: dict[str, object] = {"reused": True, "wall_s": 0.0, "steps": (), "host": host}
    if known.measurement is not None:
        for name in ("outcome", "reason", "numbers", "timing", "metric", "speedup"):
            update[name] = getattr(known.measurement, name)
    return known.verdict.model_copy(update=update)


def niche(built: Built) -> str:
    """As `Verdict.niche`, before there is a verdict."""
    return "+".join(sorted(built.techniques)) or "plain"


def verdict_json(verdict: Verdict, reward: float) -> dict[str, Any]:
    """The stable form of a verdict for machines."""
    return {
        "task": verdict.task,
        "candidate": verdict.candidate,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "numbers": verdict.numbers,
        "reward": reward,
        "metric": verdict.metric.model_dump() if verdict.metric else None,
        "speedup": verdict.speedup.model_dump() if verdict.speedup else None,
        **({"decision": verdict.decision} if verdict.decision else {}),
        "techniques": [t.value for t in verdict.techniques],
        "host": verdict.host.model_dump(),
        "sandbox": verdict.sandbox,
        "judge_version": verdict.judge_version,
        "steps": [s.model_dump() for s in verdict.steps],
        "wall_s": verdict.wall_s,
        **({"guess": True} if verdict.guess else {}),
    }
