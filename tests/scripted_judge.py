"""A judge that computes what it finds from the numbers in a source, with noise; and a run that learns from it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from record_examples import HOST, measured

from hayate import tasks
from hayate.archive import Archive
from hayate.errors import Fault
from hayate.evaluate import EvaluateSettings, Evaluator
from hayate.farm import BuildJob, Farm, FarmSettings, MeasureJob, ReplaySettings
from hayate.farm.replay import ReplayFarm
from hayate.judge import Measurement, Rejection
from hayate.records import (
    Built,
    Candidate,
    MeasurePlan,
    Origin,
    Outcome,
    Step,
    Technique,
    Verdict,
    content_hash,
)
from hayate.rewards import reward

TASK = tasks.builtin("dgemm")
BLOCKS, UNROLLS = (4, 8, 16, 24, 32, 48, 64, 96), (1, 2, 3, 4, 6, 8, 12, 16)
_SOURCE = """\
#include <stddef.h>
void dgemm(int M, int N, int K, const double *A, const double *B, double *C) {{  // {note}
    for (int i0 = 0; i0 < M; i0 += {block})
        for (int k = 0; k < K; k++)
            for (int i = i0; i < i0 + {block} && i < M; i++)
                for (int j = 0; j < N; j += {unroll})
                    for (int u = 0; u < {unroll}; u++)
                        C[(size_t)i * N + j + u] += A[(size_t)i * K + k] * B[(size_t)k * N + j + u];{broken}
}}
"""
T = TypeVar("T")


def source(block: int, unroll: int, note: str = "", broken: str = "") -> str:
    """`broken` "?" does not compile; "!" is wrong. `note` changes the text, not the object code."""
    return _SOURCE.format(block=block, unroll=unroll, note=note, broken=broken)


def candidate(text: str, permitted: Sequence[Technique] = (), **origin: object) -> Candidate:
    values = {"kind": "policy", "policy": "scripted", "run": "r1", "phase": "grpo", "step": 0, **origin}
    return Candidate(
        task="dgemm", source=text, permitted=tuple(permitted), origin=Origin.model_validate(values)
    )


def speed(block: int, unroll: int) -> float:
    """What the script says is true: rises with both."""
    return 1.0 + 0.1 * block + 0.5 * unroll


class ScriptedFarm(Farm):
    """Noise comes from a generator of its own, so that a second look differs from the first."""

    def __init__(self, noise: float = 0.05, seed: int = 1) -> None:
        self.host, self.sandbox_tier = HOST, "landlock"
        self._noise, self._random = noise, random.Random(seed)
        self.builds = 0
        self.measured: list[tuple[str, str]] = []  # object hash, purpose

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        source, code_name, permitted = job.source, job.name, job.permitted
        self.builds += 1
        if "?" in source:
            return _done(
                lambda: Rejection(
                    outcome=Outcome.BUILD_FAILED,
                    reason="does not compile: expected ;",
                    techniques=(Technique.BLOCKING,),
                    steps=(Step(name="guard", wall_s=0.001),),
                    wall_s=0.25,
                )
            )
        code = re.sub(r"//.*", "", source)
        return _done(
            lambda: Built(
                name=code_name,
                object_code=b"scripted " + code.encode(),
                object_hash=content_hash(code),
                techniques=(Technique.BLOCKING,) if "+= 6" in code else (Technique.UNROLLING,),
                permitted=tuple(permitted),
                flags=("-O3", "-march=x86-64-v4"),
                compiler=HOST.compiler,
                arch=HOST.arch,
                compile_wall_s=0.2,
            )
        )

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        built, rival = job.built, job.rival
        self.measured.append((built.object_hash, job.plan.purpose))
        return _done(lambda: self._measure(built, rival))

    def _measure(self, built: Built, rival: Built | None) -> Measurement:
        if b"!" in built.object_code:
            return Measurement(outcome=Outcome.WRONG, reason="off by 3", wall_s=0.1)
        found = _speed(built) * self._random.lognormvariate(0, self._noise)
        baseline = "reference"
        if rival is not None:
            found, baseline = found / _speed(rival), rival.name
        return measured(
            found,
            baseline=baseline,
            half=0.03,
            numbers={"pairs": 2.0},
            steps=(Step(name="time", wall_s=0.15),),
            wall_s=0.2,
        )

    def close(self) -> None:
        pass


def _speed(built: Built) -> float:
    numbers = re.findall(rb"\+= (\d+)", built.object_code)
    return speed(int(numbers[0]), int(numbers[1]))


def _done(make: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(make())
    return future


@dataclass
class Policy:
    """Writes candidates and is drawn to what was paid best: every verdict changes all that follow."""

    seed: int = 0
    best: dict[tuple[int, int], float] = field(default_factory=dict)

    def write(self, step: int, count: int) -> list[tuple[Candidate, tuple[int, int]]]:
        rng = random.Random(content_hash(str(self.seed), str(step), repr(sorted(self.best.items()))))
        ranked = sorted(self.best, key=lambda choice: (-self.best[choice], choice))
        made = []
        for index in range(count):
            choice = rng.choice(BLOCKS), rng.choice(UNROLLS)
            if ranked and rng.random() < 0.5:
                near = ranked[min(len(ranked) - 1, int(rng.expovariate(1.0)))]
                choice = (near[0], choice[1]) if rng.random() < 0.5 else (choice[0], near[1])
            broken = rng.choices(["", "?", "!"], [0.86, 0.06, 0.08])[0]
            text = source(*choice, note=f"take {rng.randrange(3)}", broken=broken)
            made.append((candidate(text, step=step, index=index), choice))
        return made


def train(
    evaluator: Evaluator,
    steps: Sequence[int],
    *,
    policy: Policy | None = None,
    group: int = 12,
    plan: MeasurePlan | None = None,
) -> Iterator[list[tuple[Verdict | Fault, float | None]]]:
    """Step by step: what was found, and what was paid for it."""
    policy = policy or Policy()
    for step in steps:
        written = policy.write(step, group)
        results = evaluator.evaluate([one for one, _ in written], plan)
        paid = [reward(r).value if isinstance(r, Verdict) else None for r in results]
        for (_, choice), value in zip(written, paid, strict=True):
            if value is not None:
                policy.best[choice] = max(value, policy.best.get(choice, value))
        yield list(zip(results, paid, strict=True))


def evaluator(farm: Farm, archive: Archive, **settings: object) -> Evaluator:
    return Evaluator(farm, archive, {"dgemm": TASK}, settings=EvaluateSettings.model_validate(settings))


def record(path: Path, steps: int = 12, *, noise: float = 0.05, **settings: object) -> list[list[object]]:
    """A run on the scripted farm, kept at `path`: what it found, step by step."""
    with Archive(path) as archive, ScriptedFarm(noise) as farm:
        return [list(step) for step in train(evaluator(farm, archive, **settings), range(steps))]


def replay_farm(path: Path, **settings: object) -> ReplayFarm:
    table = ReplaySettings.model_validate({"archive": str(path), **settings})
    return ReplayFarm(FarmSettings(kind="replay", replay=table))


def fill(path: Path, count: int = 64) -> None:
    """An archive with so many different object codes measured, and some failures."""
    with Archive(path) as archive, ScriptedFarm() as farm:
        choices = [(block, unroll) for block in BLOCKS for unroll in UNROLLS][:count]
        random.Random(0).shuffle(choices)
        batch = [candidate(source(*choice), index=i) for i, choice in enumerate(choices)]
        batch += [candidate(source(*c, broken=b), index=90) for c in choices[:6] for b in "?!"]
        evaluator(farm, archive, confirm="never").evaluate(batch)
