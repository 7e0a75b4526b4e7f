"""Runs compiled mutants in processes of their own, beside the reference: python run_mutants.py < request > answer.

A script, so that it can be started with the library of a sanitizer before everything else. The request is JSON:
`task`, `reference` (a shared object), `objects` (name -> shared object), `margin` (bytes before and behind arrays).
The answer says of each name "same", "differs", or how its process ended.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import signal
import sys

import numpy as np

from hayate.records.base import decode
from hayate.records.problem import Argument, Values
from hayate.records.task import Task
from hayate.tasks.expressions import evaluate_condition, evaluate_expression

TIME_MAX_S = 60
LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.malloc.argtypes = [ctypes.c_size_t]
LIBC.free.argtypes = [ctypes.c_void_p]
C_TYPES = {
    "int8": ctypes.c_int8, "uint8": ctypes.c_uint8, "int16": ctypes.c_int16, "uint16": ctypes.c_uint16,
    "int32": ctypes.c_int32, "uint32": ctypes.c_uint32, "int64": ctypes.c_int64, "uint64": ctypes.c_uint64,
    "float32": ctypes.c_float, "float64": ctypes.c_double,
}  # fmt: skip


def shapes(task: Task, rng: np.random.Generator) -> list[dict[str, int]]:
    """The smallest, the largest and some between, as the conditions allow."""
    found = []
    for k in range(200):
        shape = {}
        for name, r in task.domain.items():
            if r.power_of:
                powers = [p for p in (r.power_of**e for e in range(40)) if r.low <= p <= r.high]
                shape[name] = powers[0] if k == 0 else powers[-1] if k == 1 else int(rng.choice(powers))
            else:
                drawn = int(rng.integers(r.low, r.high + 1))
                value = (
                    (r.low, r.high, (7 * r.low + r.high) // 8, min(drawn | 1, r.high))[k] if k < 4 else drawn
                )
                shape[name] = max(value // r.multiple_of * r.multiple_of, r.multiple_of if r.low else 0)
        if all(evaluate_condition(c, shape) for c in task.requires):
            found.append(shape)
        if len(found) == 7:
            break
    return found


def filled(
    argument: Argument, shape: dict[str, int], rng: np.random.Generator, made: dict[str, np.ndarray]
) -> np.ndarray:
    """What the array holds before a call."""
    sides = [int(evaluate_expression(s, shape)) for s in argument.shape]
    dtype = np.dtype(argument.dtype)
    if argument.kind == "output":
        garbage = rng.integers(1, 255, size=int(np.prod(sides)) * dtype.itemsize, dtype=np.uint8)
        return garbage.view(dtype).reshape(sides)
    inner = [int(evaluate_expression(s, shape)) for s in argument.extent] or sides
    values = numbers(argument.drawn, inner, dtype, shape, rng, made)
    if inner == sides:
        return np.ascontiguousarray(values.astype(dtype))
    whole = np.full(sides, np.nan if dtype.kind in "fc" else np.iinfo(dtype).max, dtype)
    whole[tuple(slice(0, n) for n in inner)] = values
    return whole


def numbers(
    values: Values,
    sides: list[int],
    dtype: np.dtype,
    shape: dict[str, int],
    rng: np.random.Generator,
    made: dict[str, np.ndarray],
) -> np.ndarray:
    low = float(evaluate_expression(values.low, shape)) if values.low else -2.0
    high = float(evaluate_expression(values.high, shape)) if values.high else 2.0
    match values.kind:
        case "integer":
            return rng.integers(int(low), int(high) + 1, size=sides)
        case "offsets":
            cuts = np.sort(rng.integers(0, int(high) + 1, size=sides[0] - 2)) if sides[0] > 2 else []
            return np.array([0, *cuts, int(high)])[: sides[0]]
        case "columns":
            found = []
            starts = made[values.of]
            for a, b in itertools.pairwise(starts):
                found += sorted(rng.integers(0, int(high), size=int(b - a)))
            return np.array(found)
        case "diagonally_dominant":
            return rng.uniform(-1, 1, sides) + (sides[0] + 1) * np.eye(*sides)
        case "real" | "uniform":
            drawn = rng.uniform(low, high, sides)
            if not values.low and not values.high:
                which = rng.integers(0, 3)  # uniform; wide, with zeros; whole numbers
                wide = drawn * 10.0 ** rng.uniform(-2, 2, sides) * (rng.uniform(0, 1, sides) < 0.8)
                drawn = wide if which == 1 else np.trunc(drawn * 5) if which == 2 else drawn
            return drawn + 1j * rng.uniform(low, high, sides) if dtype.kind == "c" else drawn
    raise AssertionError(values.kind)


def scalar(
    argument: Argument, shape: dict[str, int], rng: np.random.Generator, names: dict[str, int]
) -> object:
    if argument.kind == "size" or argument.value:
        value = evaluate_expression(argument.value, shape) if argument.value else shape[argument.name]
        names[argument.name] = int(value)
        return C_TYPES[argument.dtype](int(value))
    if not argument.fields:
        drawn = numbers(argument.drawn, [1], np.dtype(argument.dtype), shape, rng, {})[0]
        return C_TYPES[argument.dtype](drawn)
    fields = [(f.name, C_TYPES[f.dtype]) for f in argument.fields]
    kind = type("Struct", (ctypes.Structure,), {"_fields_": fields})
    struct = kind()
    for f in argument.fields:
        given = f.values or Values(kind="real")
        drawn = numbers(given, [1], np.dtype(f.dtype), shape, rng, {})[0]
        setattr(struct, f.name, int(drawn) if "int" in f.dtype else float(drawn))
    return ctypes.pointer(struct) if argument.by_pointer else struct


def call(
    task: Task, function: object, shape: dict[str, int], seed: int, margin: int, alike: bool
) -> list[bytes]:
    """All memory of the arrays after one call, and what was returned. `alike`: as with the seed before, at first."""
    rng, other = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    known = dict(shape)
    made: dict[str, np.ndarray] = {}
    given, held = [], []
    for argument in task.arguments:
        if not argument.is_array:
            given.append(scalar(argument, known, rng, known))
            continue
        array = filled(argument, known, rng, made)
        if alike and array.size > 1 and "int" not in argument.dtype:
            first = array.flat[0]
            array = filled(argument, known, other, made)
            array.flat[0] = first
        made[argument.name] = array
        data = bytes(margin and [7] * margin) + array.tobytes() + bytes(margin and [7] * margin)
        memory = LIBC.malloc(len(data))
        ctypes.memmove(memory, data, len(data))
        held.append((memory, len(data)))
        given.append(ctypes.c_void_p(memory + margin))
    function.restype = C_TYPES[task.returns] if task.returns else None  # type: ignore[attr-defined]
    result = function(*given)  # type: ignore[operator]
    after = [ctypes.string_at(memory, length) for memory, length in held]
    for memory, _ in held:
        LIBC.free(memory)
    return [*after, repr(result).encode()]


def outcome(task: Task, path: str, margin: int) -> list[list[bytes]]:
    function = ctypes.CDLL(path)[task.entry]
    found = []
    for k, shape in enumerate(shapes(task, np.random.default_rng(7))):
        for n in range(8 if k == 1 else 3):
            found.append(call(task, function, shape, 100 * k + n, margin, alike=False))
        found.append(call(task, function, shape, 100 * k + n, margin, alike=True))
    return found


def main() -> None:
    request = json.load(sys.stdin)
    task = decode(Task, json.dumps(request["task"]))
    right = outcome(task, request["reference"], request["margin"])
    answer = {}
    for name, path in request["objects"].items():
        child = os.fork()
        if child == 0:
            signal.alarm(TIME_MAX_S)
            os._exit(10 if outcome(task, path, request["margin"]) == right else 20)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answer[name] = {10: "same", 20: "differs"}.get(status, f"ended with {status}")
    json.dump(answer, sys.stdout)


main()
