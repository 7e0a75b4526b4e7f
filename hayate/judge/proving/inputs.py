"""The four kinds of values of the judge (runner/values.h), made anew: what a task folder is proved with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hayate.judge.proving.harness import lengths
from hayate.judge.shapes import INTEGERS, usable
from hayate.records import Shape, Task
from hayate.tasks import evaluate_expression

KINDS = ("uniform", "wide", "integers", "sparse")


def kinds(task: Task, shape: Shape) -> tuple[str, ...]:
    """Those that this shape is proved on: the exact test may be switched off, or not reach it."""
    return tuple(kind for kind in KINDS if kind != "integers" or INTEGERS in usable(task, shape))


def inputs(task: Task, shape: Shape, kind: str, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Each input array of one call."""
    counts = lengths(task, shape)[: len(task.inputs)]
    if kind == "integers" and task.bound is not None:
        limit = 2 ** int(evaluate_expression(task.bound.integer_bits, shape)) - 1
        factor = float(evaluate_expression(task.bound.integer_scale, shape))
        return [rng.integers(-limit, limit, n, endpoint=True).astype(np.float64) * factor for n in counts]
    if kind == "wide":
        return [rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-6, 6, n) for n in counts]
    if kind == "sparse":
        return [np.where(rng.random(n) < 0.9, 0.0, rng.uniform(0.5, 1.5, n)) for n in counts]
    return [rng.uniform(-1, 1, n) for n in counts]
