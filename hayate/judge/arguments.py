"""What a call's arguments are, in the words of runner/clock.c: numbers by value, shapes and fillings of arrays."""

from __future__ import annotations

import ctypes
import math
import random
from collections.abc import Iterator, Mapping

from hayate.judge.glue import ROLES, parts, unsaid
from hayate.judge.shapes import UNIFORM, dimensions, elements, parameters
from hayate.records import DTYPES, ITEM_BYTES, UNIT_ROUNDOFF, Argument, DType, Shape, Task, Values
from hayate.tasks import evaluate_expression

# enum hy_values of runner/values.h; the first five are DISTRIBUTIONS.
_KINDS = {
    "between": 5,
    "whole": 6,
    "increasing": 7,
    "permutation": 8,
    "offsets": 9,
    "columns": 10,
    "symmetric_positive_definite": 11,
    "lower_triangular": 12,
    "diagonally_dominant": 13,
    "one_hot": 14,
    "constant": 15,
    "generated": 16,
    "mixed": 17,
}
_SPECIAL = (0.0, 1.0, -1.0)  # scalars for which kernels have branches of their own
_SPECIAL_SHARE = 0.3
_EXACT_MOST = 3  # magnitude of a real scalar beside the exact test's integers: two bits
# Of an index: any, increasing, all the same, first or last.
_INDEX_MODES, _INDEX_WEIGHTS = (0, 1, 2, 3), (6.0, 2.0, 1.0, 1.0)
# Where no reach is said: both results are those of trusted code, which is timed and not judged.
_TRUSTED_REACH = 1.0
_SMALL = 16  # magnitude of the small ones among whole numbers of all magnitudes


def _fits(dtype: DType) -> tuple[int, int]:
    """The range of an integer type that is said to have none: all of 8 or 16 bits, for C computes with them as int;
    of more, a quarter of what it holds, so that the sum of two of them is one."""
    least, most = holds(dtype)
    if ITEM_BYTES[dtype] <= 2:
        return least, most
    quarter = 2 ** (8 * ITEM_BYTES[dtype] - 2) - 1
    return (-quarter if least else 0), quarter


def _limits(values: Values, dtype: DType, shape: Shape) -> tuple[float, float]:
    """Of what is drawn between two bounds, both included for integers."""
    low, high = (0.0, 1.0) if dtype in UNIT_ROUNDOFF else _fits(dtype)
    if values.low:
        low = evaluate_expression(values.low, shape)
    if values.high:
        high = evaluate_expression(values.high, shape)
    if dtype not in UNIT_ROUNDOFF:
        least, most = holds(dtype)
        low, high = min(max(int(low), least), most), min(max(int(high), least), most)
    return low, max(low, high)


def holds(dtype: DType) -> tuple[int, int]:
    """The least and the largest number of an integer type."""
    bits = 8 * ITEM_BYTES[dtype]
    if dtype.startswith("u"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def described(task: Task) -> list[str]:
    """One word for each array: DTYPE:ROLE:EXACTLY."""
    words = []
    for a in task.arrays:
        exactly = task.correct == "exact" or a.dtype not in UNIT_ROUNDOFF
        words.append(f"{DTYPES.index(a.dtype)}:{ROLES.index(a.kind)}:{int(exactly)}")
    return words


def array_bytes(task: Task, shape: Shape) -> tuple[int, ...]:
    """Bytes of each array in memory."""
    return tuple(n * ITEM_BYTES[a.dtype] for n, a in zip(elements(task, shape), task.arrays, strict=True))


def expected_bytes(task: Task, shape: Shape) -> int:
    """Of what the examiner writes, or is handed beside the inputs: a value and a bound, both doubles, for each number
    that is written, and what inout arrays held before the call."""
    return sum(
        2 * (8 * n * parts(a.dtype) + 64) + (n * ITEM_BYTES[a.dtype] + 64) * (a.kind == "inout")
        for n, a in zip(elements(task, shape), task.arrays, strict=True)
        if a.kind != "input"
    )


def values(task: Task, shape: Shape, rng: random.Random, *, exactly: bool = False) -> list[str]:
    """The numbers that are passed by value, in order: i, u or d and a number. `exactly`: real ones of any range are
    small whole numbers, so that what is computed with them can be exact. At the end what only the oracle is told."""
    words: list[str] = []
    for a in task.arguments:
        if a.kind == "size":
            words.append(_whole(a.dtype, size(a, shape)))
        elif a.kind == "scalar" and a.fields:
            for field in a.fields:
                words += _scalar(field.dtype, field.value, field.values, shape, rng, exactly)
        elif a.kind == "scalar":
            words += _scalar(a.dtype, a.value, a.values, shape, rng, exactly)
    words += [f"i{shape[name]}" for name in unsaid(task)]
    return words


def size(argument: Argument, shape: Shape) -> int:
    """A size argument's value: drawn by its name, or computed."""
    return int(evaluate_expression(argument.value, shape)) if argument.value else shape[argument.name]


def _whole(dtype: DType, value: int) -> str:
    return f"{'u' if dtype == 'uint64' else 'i'}{value}"


def _scalar(
    dtype: DType, value: str, given: Values | None, shape: Shape, rng: random.Random, exactly: bool
) -> Iterator[str]:
    floating = dtype in UNIT_ROUNDOFF
    if value:
        number = evaluate_expression(value, shape)
        yield _real(dtype, float(number)) if floating else _whole(dtype, int(number))
        if parts(dtype) == 2:
            yield "d0"
        return
    drawn = given or Values(kind="real" if floating else "integer")
    for _ in range(parts(dtype)):
        if floating:
            yield _real(dtype, _drawn_real(drawn, dtype, shape, rng, exactly))
        else:
            yield _whole(dtype, _drawn_whole(drawn, dtype, shape, rng))


def _real(dtype: DType, value: float) -> str:
    if dtype in ("float32", "complex64"):
        value = ctypes.c_float(value).value
    return f"d{value!r}"


def _drawn_real(drawn: Values, dtype: DType, shape: Shape, rng: random.Random, exactly: bool) -> float:
    if drawn.kind == "constant":
        return float(evaluate_expression(drawn.low or "0", shape))
    if drawn.low or drawn.high or drawn.kind == "uniform":
        return rng.uniform(*_limits(drawn, dtype, shape))
    if exactly:
        return float(rng.randint(-_EXACT_MOST, _EXACT_MOST))
    if rng.random() < _SPECIAL_SHARE:
        return rng.choice(_SPECIAL)
    return rng.uniform(-2.0, 2.0)


def _drawn_whole(drawn: Values, dtype: DType, shape: Shape, rng: random.Random) -> int:
    if drawn.kind == "constant":
        return int(evaluate_expression(drawn.low or "0", shape))
    low, high = (int(limit) for limit in _limits(drawn, dtype, shape))
    if drawn.kind == "index":
        low, high = 0, max(0, int(evaluate_expression(drawn.high, shape) if drawn.high else 1) - 1)
    elif not (drawn.low or drawn.high):  # as runner/values.c mixes them
        match rng.randrange(8):
            case 0 | 1:
                low, high = max(low, -_SMALL), min(high, _SMALL)
            case 2 | 3 | 4:
                size = min(high, rng.getrandbits(rng.randint(0, high.bit_length())))
                return -size if low and rng.random() < 0.5 else size
            case 5:
                return rng.choice((low, low + 1, high - 1, high))
    return rng.randint(low, high)


def arrays(
    task: Task, shape: Shape, distribution: int, reach: Mapping[str, float], rng: random.Random
) -> list[str]:
    """Shape, extent and filling of each array, and how far a written one may be from another result of its kind."""
    words: list[str] = []
    numbers = {a.name: i for i, a in enumerate(task.arrays)}
    bits, factor = parameters(task, shape, distribution, rng)
    for a in task.arrays:
        sizes, extent = dimensions(a, shape)
        words += [str(len(sizes)), *map(str, sizes), *map(str, extent)]
        if a.kind != "output":
            filled = _filling(task, a, shape, distribution, (bits, factor), numbers, rng)
            words += [str(filled[0]), repr(filled[1]), repr(filled[2]), str(filled[3])]
        if a.kind != "input":
            words.append(repr(float(reach.get(a.name, _TRUSTED_REACH))))
    return words


def _filling(
    task: Task,
    argument: Argument,
    shape: Shape,
    distribution: int,
    real: tuple[int, float],
    numbers: dict[str, int],
    rng: random.Random,
) -> tuple[int, float, float, int]:
    if task.generator is not None and argument.values is None:
        return _KINDS["generated"], 0, 0, 0
    drawn = argument.drawn
    limits = _limits(drawn, argument.dtype, shape)
    match drawn.kind:
        case "real" if not (drawn.low or drawn.high):
            return distribution, *real, 0
        case "real":
            # The judge's distributions within a range: evenly, or most of them near either end.
            mode = 0 if distribution == UNIFORM else rng.choice((0, 1, 2))
            return _KINDS["between"], *limits, mode
        case "uniform":
            return (_KINDS["between"] if argument.dtype in UNIT_ROUNDOFF else _KINDS["whole"]), *limits, 0
        case "integer":
            ranged = drawn.low or drawn.high or argument.dtype in UNIT_ROUNDOFF
            return _KINDS["whole" if ranged else "mixed"], *limits, 0
        case "index":
            high = max(0, min(int(evaluate_expression(drawn.high, shape)) - 1, holds(argument.dtype)[1]))
            return _KINDS["whole"], 0, high, rng.choices(_INDEX_MODES, _INDEX_WEIGHTS)[0]
        case "sorted":
            whole = argument.dtype not in UNIT_ROUNDOFF
            return (_KINDS["whole"] if whole else _KINDS["increasing"]), *limits, int(whole)
        case "offsets":
            return _KINDS["offsets"], 0, int(evaluate_expression(drawn.high, shape)), 0
        case "columns":
            return _KINDS["columns"], 0, int(evaluate_expression(drawn.high, shape)), numbers[drawn.of]
        case "constant":
            return _KINDS["constant"], float(evaluate_expression(drawn.low or "0", shape)), 0, 0
        case kind:
            return _KINDS[kind], 0, 0, 0


def gamma(task: Task, shape: Shape) -> float:
    """factor * n u / (1 - n u), u the unit roundoff of what is written (Higham, Accuracy and Stability of Numerical
    Algorithms, 3.1). 1 where the oracle's bounds are complete."""
    if task.bound is None or task.correct != "analytic":
        return 1.0
    unit = max((UNIT_ROUNDOFF.get(a.dtype, 0.0) for a in task.written), default=0.0)
    nu = float(evaluate_expression(task.bound.terms, shape)) * unit
    return task.bound.factor * nu / (1 - nu) if nu < 1 else math.inf
