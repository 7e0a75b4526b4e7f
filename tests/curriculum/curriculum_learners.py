"""Tasks and simulated learners: what a policy would answer, as verdicts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from hayate.curriculum import Curriculum
from hayate.records import (
    Argument,
    Assignment,
    Band,
    Bound,
    HostProfile,
    Outcome,
    SizeRange,
    SourceText,
    Speedup,
    Task,
    Technique,
    Verdict,
)

HOST = HostProfile(
    fingerprint="f",
    host_class="h",
    cpu="c",
    cores=2,
    arch="x86-64-v3",
    memory_bytes=1,
    kernel="k",
    compiler="g",
)
DGEMM = (
    Technique.SIMD,
    Technique.THREADS,
    Technique.PREFETCH,
    Technique.ALLOC,
    Technique.LOOP_ORDER,
    Technique.BLOCKING,
    Technique.REGISTER_BLOCKING,
    Technique.PACKING,
    Technique.UNROLLING,
)
Learner = Callable[[Assignment, random.Random], Sequence[Verdict | None]]


def task(name: str, techniques: Sequence[Technique]) -> Task:
    text = SourceText(name="x.c", text="")
    return Task(
        name=name,
        title=name,
        bound_by="compute",
        entry=name,
        declaration=f"void {name}(int N, double *y)",
        description="Fill y.",
        arguments=(
            Argument(name="N", kind="size", dtype="int"),
            Argument(name="y", kind="output", dtype="double", shape=("N",)),
        ),
        domain={"N": SizeRange(low=1, high=9)},
        bands=(Band(name="9", center={"N": 9}),),
        flops="N",
        bytes="8*N",
        oracle_work="N",
        bound=Bound(terms="N"),
        techniques=tuple(techniques),
        headers=(),
        reference=text,
        oracle=text,
        yardsticks=(),
    )


def verdict(name: str, outcome: Outcome, low: float = 1.0, niche: Sequence[Technique] = ()) -> Verdict:
    accepted = outcome is Outcome.ACCEPTED
    speedup = Speedup(baseline="reference.c", median=low, low=low, high=low * 1.1, confidence=0.95)
    return Verdict(
        task=name,
        task_hash="t",
        candidate="c",
        outcome=outcome,
        reason="r",
        techniques=tuple(niche),
        speedup=speedup if accepted else None,
        object_hash=f"{low:.6f}",
        host=HOST,
        sandbox="none",
        judge_version="1",
        wall_s=0.1,
    )


def learner(share: float, size: int = 8) -> Learner:
    """Right with probability `share`; speed doubles with each technique permitted, within 1%."""

    def answer(assignment: Assignment, rng: random.Random) -> list[Verdict | None]:
        speed = 2.0 ** len(assignment.permitted)
        return [
            verdict(assignment.task, Outcome.ACCEPTED, speed * rng.uniform(1, 1.01), assignment.permitted)
            if rng.random() < share
            else verdict(assignment.task, Outcome.WRONG)
            for _ in range(size)
        ]

    return answer


def drive(curriculum: Curriculum, answer: Learner, groups: int, seed: int = 0) -> list[Assignment]:
    rng = random.Random(seed)
    asked = []
    for _ in range(groups):
        asked.append(curriculum.next())
        curriculum.observe(asked[-1], answer(asked[-1], rng))
    return asked
