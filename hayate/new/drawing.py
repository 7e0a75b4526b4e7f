"""Values for a draft's arguments, for trying it out: one call's bytes at one shape."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hayate.new.draft import Draft
from hayate.new.probing import PACKED
from hayate.new.read import Found
from hayate.records import Argument, Shape, Values
from hayate.tasks.expressions import evaluate_condition, evaluate_expression

Array = NDArray[Any]
_TRIES = 2000
_INT = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
_LONG = 1 << 14  # columns; more are only timed


def shape_at(draft: Draft, rng: np.random.Generator, low: int, high: int) -> Shape | None:
    """A shape of the domain with sizes in [low, high] where the domain allows that; None if no draw fits."""
    for _ in range(_TRIES):
        shape: Shape = {}
        for name, allowed in draft.domain.items():
            first = max(allowed.low, min(low, allowed.high))
            last = max(first, min(high, allowed.high))
            value = int(rng.integers(first, last + 1))
            if allowed.power_of:
                value = allowed.power_of ** max(0, round(np.log(max(1, value)) / np.log(allowed.power_of)))
                while value < allowed.low:
                    value *= allowed.power_of
            value -= value % allowed.multiple_of
            shape[name] = max(value, allowed.multiple_of if allowed.multiple_of > 1 else value)
        if all(evaluate_condition(c, shape) for c in draft.requires) and fits(draft, shape):
            return shape
    return None


def fits(draft: Draft, shape: Shape) -> bool:
    """Whether columns can be increasing in each row: no more of them than the matrix has elements."""
    for argument in draft.arguments:
        if argument.values is not None and argument.values.kind == "columns":
            offsets = draft.argument(argument.values.of)
            rows = value_of(offsets.shape[0], shape, draft) - 1
            if length(argument, shape, draft) > rows * value_of(argument.values.high, shape, draft):
                return False
    return True


def names_at(draft: Draft, shape: Shape) -> Shape:
    """The shape with the sizes that are computed from it."""
    full = dict(shape)
    for argument in draft.arguments:
        if argument.kind == "size" and argument.value:
            full[argument.name] = int(evaluate_expression(argument.value, full))
    return full


def value_of(expression: str, shape: Shape, draft: Draft) -> int:
    return int(evaluate_expression(expression, names_at(draft, shape)))


def length(argument: Argument, shape: Shape, draft: Draft) -> int:
    """Elements of an array."""
    total = 1
    for dim in argument.shape:
        total *= max(0, value_of(dim, shape, draft))
    return total


def arguments_at(
    draft: Draft, found: Found, shape: Shape, rng: np.random.Generator, garbage: int = 0
) -> dict[str, bytes]:
    """The bytes of each argument. Outputs are filled with garbage, by its number."""
    full = names_at(draft, shape)
    bytes_of: dict[str, bytes] = {}
    offsets: dict[str, Array] = {}
    for argument in sorted(
        draft.arguments, key=lambda a: a.values is not None and a.values.kind == "columns"
    ):
        if argument.fields:
            bytes_of[argument.name] = _struct(argument, found, full, rng)
        elif not argument.is_array:
            bytes_of[argument.name] = _scalar(
                argument.dtype, argument.value, argument.values, argument, full, rng
            )
        elif argument.kind == "output":
            bytes_of[argument.name] = _garbage(argument, length(argument, shape, draft), garbage)
        else:
            array = _array(argument, full, length(argument, shape, draft), offsets, draft, rng)
            if argument.drawn.kind == "offsets":
                offsets[argument.name] = array
            bytes_of[argument.name] = array.astype(argument.dtype).tobytes()
    return bytes_of


def _struct(argument: Argument, found: Found, full: Shape, rng: np.random.Generator) -> bytes:
    kind = next(p.type for p in found.parameters if p.name == argument.name)
    data = bytearray(kind.bytes)
    for field, member in zip(argument.fields, kind.members, strict=True):
        packed = _scalar(field.dtype, field.value, field.values, argument, full, rng)
        data[member.offset : member.offset + len(packed)] = packed
    return bytes(data)


def _scalar(
    dtype: str, value: str, values: Values | None, argument: Argument, full: Shape, rng: np.random.Generator
) -> bytes:
    form = "<" + PACKED[dtype]
    if value or argument.kind == "size":
        return struct.pack(form, int(evaluate_expression(value or argument.name, full)))
    drawn = values or Values(kind="real")
    low, high = _bounds(drawn, dtype, full)
    if dtype in _INT:
        return struct.pack(form, int(rng.integers(int(low), int(high) + 1)))
    return struct.pack(
        form, *(float(rng.uniform(low, high)) for _ in range(2 if dtype.startswith("c") else 1))
    )


def _bounds(values: Values, dtype: str, full: Shape) -> tuple[float, float]:
    low = evaluate_expression(values.low, full) if values.low else (-1 if dtype not in _INT else 0)
    high = evaluate_expression(values.high, full) if values.high else (1 if dtype not in _INT else 100)
    return low, high


def _garbage(argument: Argument, count: int, garbage: int) -> bytes:
    """Finite numbers that no result is likely to be."""
    value = {0: 3, 1: 77}[garbage]
    if argument.dtype in _INT:
        return np.full(count, value + 1).astype(argument.dtype).tobytes()
    return np.full(count, value * 1.0e3 + 0.25).astype(argument.dtype).tobytes()


def _array(
    argument: Argument,
    full: Shape,
    count: int,
    offsets: Mapping[str, Array],
    draft: Draft,
    rng: np.random.Generator,
) -> Array:
    values = argument.drawn
    low, high = _bounds(values, argument.dtype, full)
    match values.kind:
        case "permutation":
            return rng.permutation(count)
        case "index":
            return rng.integers(0, max(1, int(high)), count)
        case "offsets":
            inner = np.sort(rng.integers(0, int(high) + 1, max(0, count - 2)))
            return np.concatenate([[0], inner, [int(high)]])[:count]
        case "columns":
            return _columns(offsets[values.of], count, int(high), rng)
        case "sorted":
            drawn = np.sort(rng.uniform(low, high, count)) if argument.dtype not in _INT else None
            return drawn if drawn is not None else np.sort(rng.integers(int(low), int(high) + 1, count))
        case "constant":
            return np.full(count, low)
        case "symmetric_positive_definite" | "diagonally_dominant" | "lower_triangular":
            return _matrix(argument, values.kind, full, count, rng)
    if argument.dtype in _INT:
        limits = np.iinfo(argument.dtype)
        low, high = max(int(low), int(limits.min)), min(int(high), int(limits.max))
        return rng.integers(int(low), int(high), count, endpoint=True, dtype=np.dtype(argument.dtype))
    if argument.dtype.startswith("complex"):
        return rng.uniform(low, high, count) + 1j * rng.uniform(low, high, count)
    return rng.uniform(low, high, count)


def _columns(offsets: Array, count: int, high: int, rng: np.random.Generator) -> Array:
    """Increasing within each row, as far as the row is no longer than `high`. Long ones may repeat a column."""
    if count > _LONG:
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        drawn = rng.integers(0, high, count)
        return drawn[np.lexsort((drawn, rows))]
    found = np.zeros(count, np.int64)
    for first, last in pairwise(offsets):
        held = int(last - first)
        if held > high:
            found[first:last] = np.sort(rng.integers(0, high, held))
        elif held:
            found[first:last] = np.sort(rng.choice(high, held, replace=False))
    return found


def _matrix(argument: Argument, kind: str, full: Shape, count: int, rng: np.random.Generator) -> Array:
    used = argument.extent or argument.shape
    n = int(evaluate_expression(used[-1], full))
    width = int(evaluate_expression(argument.shape[-1], full))
    matrix = np.zeros((count // max(1, width), width))
    square = rng.uniform(-1, 1, (n, n))
    if kind == "symmetric_positive_definite":
        square = (square + square.T) / 2
    if kind == "lower_triangular":
        square = np.tril(square)
    square += (n + 1) * np.eye(n)
    matrix[:n, :n] = square[: len(matrix)]
    return matrix.ravel()
