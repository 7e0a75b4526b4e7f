"""Arrays of any type and layout as plain numbers: what of them is the problem, what is padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hayate.judge.glue import parts
from hayate.judge.shapes import dimensions
from hayate.records import UNIT_ROUNDOFF, Argument, Shape, Task

Array = NDArray[Any]
Doubles = NDArray[np.float64]


def inside(a: Argument, shape: Shape) -> NDArray[np.bool_]:
    """Of each element in memory: is it part of the problem?"""
    memory, extent = dimensions(a, shape)
    found = np.zeros(memory, dtype=bool)
    found[tuple(slice(n) for n in extent)] = True
    return found.reshape(-1)


def doubles(a: Argument, values: Array) -> Doubles:
    """Its numbers; a complex element is two."""
    if parts(a.dtype) == 2 and values.dtype.kind == "c":
        values = values.view(np.float32 if a.dtype == "complex64" else np.float64)
    return values.astype(np.float64)


def joined(task: Task, shape: Shape, arrays: Sequence[Array]) -> Doubles:
    """The numbers of all written arrays that belong to the problem. `arrays`: of every array of the task."""
    pieces = [
        doubles(a, values)[np.repeat(inside(a, shape), parts(a.dtype))]
        for a, values in zip(task.arrays, arrays, strict=True)
        if a.kind != "input"
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0)


def units(task: Task, shape: Shape) -> Doubles:
    """Beside `joined`: the unit roundoff of each number, 0 of what has to be equal."""
    pieces = [
        np.full(int(inside(a, shape).sum()) * parts(a.dtype), UNIT_ROUNDOFF.get(a.dtype, 0.0))
        for a in task.written
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0)


def padding_written(
    task: Task, shape: Shape, given: Sequence[Array | None], left: Sequence[Array], garbage: int
) -> str:
    """The name of a written array whose padding is not what it was before the call; "" if there is none."""
    for a, before, after in zip(task.arrays, given, left, strict=True):
        if a.kind == "input" or not a.extent:
            continue
        outside = np.repeat(~inside(a, shape), after.itemsize)
        now = after.view(np.uint8)[outside]
        was = np.full_like(now, garbage) if before is None else before.view(np.uint8)[outside]
        if not np.array_equal(now, was):
            return a.name
    return ""


def unequal(task: Task, shape: Shape, one: Sequence[Array], other: Sequence[Array]) -> str:
    """The first element of a written array that differs, as "C[3]"; "" if none does. Zeros of either sign and numbers
    that are none are equal."""
    for a, x, y in zip(task.arrays, one, other, strict=True):
        if a.kind == "input":
            continue
        same = x == y
        if x.dtype.kind in "fc":
            same |= np.isnan(x) & np.isnan(y)
        wrong = np.flatnonzero(~same & inside(a, shape))
        if wrong.size:
            return f"{a.name}[{wrong[0]}]"
    return ""
