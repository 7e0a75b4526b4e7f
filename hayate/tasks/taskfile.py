"""task.toml: its keys, and the cross checks that types can't make. docs/task-format.md explains each."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from hayate.errors import WrongUse
from hayate.records import (
    UNIT_ROUNDOFF,
    Argument,
    Band,
    Bound,
    Correctness,
    DType,
    Language,
    Record,
    Shape,
    SizeRange,
    Technique,
)
from hayate.tasks.arguments import IDENTIFIER, check_arguments
from hayate.tasks.complain import did_you_mean
from hayate.tasks.expressions import evaluate_condition, evaluate_expression, names_in

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MAX_SIZE = 2**31 - 1
DOUBLE_BITS, SINGLE_BITS = 53, 24
_MOST_TERMS = 2**40


class TaskFile(Record):
    """The keys of task.toml. Everything else of a Task is in the C files beside it."""

    format: Literal[1, 2]
    name: str
    title: str = Field(min_length=1)
    languages: tuple[Language, ...] = Field(default=("c", "c++"), min_length=1)
    bound_by: Literal["compute", "memory"]
    entry: str
    declaration: str
    preamble: str = ""
    returns: DType | None = None
    description: str = Field(min_length=1)
    argument: tuple[Argument, ...] = Field(min_length=1)
    domain: dict[str, SizeRange] = Field(min_length=1)
    requires: tuple[str, ...] = ()
    band: tuple[Band, ...] = Field(min_length=1)
    flops: str
    bytes: str
    oracle_work: str
    oracle_work_max: float = Field(default=2e6, gt=0, allow_inf_nan=False)
    correct: Correctness = "analytic"
    bound: Bound | None = None
    techniques: tuple[Technique, ...]
    headers: tuple[str, ...]


def check(file: TaskFile, where: Path) -> None:
    """Raise `WrongUse`, with file and key, for the first thing that does not fit together."""
    _check_names(file, where)
    _check_arguments(file, where)
    _check_domain(file, where)
    _check_expressions(file, where)
    _check_bands(file, where)


def _at(where: Path, key: str) -> str:
    return f"{where}: {key}"


def _check_names(file: TaskFile, where: Path) -> None:
    if not _NAME.fullmatch(file.name):
        raise WrongUse(f"{file.name!r} can't name a task", where=_at(where, "name"), allowed=_NAME.pattern)
    if not IDENTIFIER.fullmatch(file.entry):
        raise WrongUse(f"{file.entry!r} is no C identifier", where=_at(where, "entry"))
    for header in file.headers:
        if not re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)*\.h", header):
            raise WrongUse(
                f"{header!r} is no header's name", where=_at(where, "headers"), allowed='as in "stdlib.h"'
            )
    if repeated := _repeated(file.techniques):
        raise WrongUse(f"{repeated!r} stands there twice", where=_at(where, "techniques"))
    if repeated := _repeated(file.languages):
        raise WrongUse(f"{repeated!r} stands there twice", where=_at(where, "languages"))


def _check_arguments(file: TaskFile, where: Path) -> None:
    if repeated := _repeated([a.name for a in file.argument]):
        raise WrongUse(f"two arguments are named {repeated!r}", where=_at(where, "argument"))
    check_arguments(file.entry, file.declaration, file.argument, file.returns, partial(_at, where))


def _check_domain(file: TaskFile, where: Path) -> None:
    drawn = [a.name for a in file.argument if a.kind == "size" and not a.value]
    known = sorted({*drawn, *_names_used(file)})
    for name, limits in file.domain.items():
        key = _at(where, f"domain.{name}")
        if name not in known:
            raise WrongUse(
                f"no size is named {name!r}{did_you_mean(name, known)}", where=key, allowed=", ".join(known)
            )
        if not 0 <= limits.low <= limits.high <= _MAX_SIZE:
            raise WrongUse(
                f"[{limits.low}, {limits.high}] is no range", where=key, allowed="0 <= low <= high < 2^31"
            )
        if limits.power_of == 1 or (limits.power_of and limits.multiple_of > 1):
            raise WrongUse("a size is a power of 2 or more, or a multiple", where=key)
    for name in drawn:
        if name not in file.domain:
            raise WrongUse(
                f"the range of the size {name!r} is missing",
                where=_at(where, "domain"),
                allowed=f"{name} = [low, high]",
            )


def _names_used(file: TaskFile) -> set[str]:
    """In values and shapes: a drawn name need not be an argument."""
    texts = [text for a in file.argument for text in (*a.shape, *a.extent, a.value) if text]
    for a in file.argument:
        texts += [
            text for v in (a.values, *(f.values for f in a.fields)) if v for text in (v.low, v.high) if text
        ]
        texts += [f.value for f in a.fields if f.value]
    found: set[str] = set()
    for text in texts:
        with contextlib.suppress(WrongUse):  # said where expressions are checked
            found |= names_in(text)
    return found


def _check_expressions(file: TaskFile, where: Path) -> None:
    dimensions, counts = [], []
    for i, a in enumerate(file.argument, 1):
        dimensions += [(f"argument[{i}].shape ({a.name})", text) for text in a.shape]
        dimensions += [(f"argument[{i}].extent ({a.name})", text) for text in a.extent]
        counts += [(f"argument[{i}].value ({a.name})", text) for text in (a.value,) if text]
        counts += [(f"argument[{i}].fields ({a.name})", f.value) for f in a.fields if f.value]
        for v in (a.values, *(f.values for f in a.fields)):
            counts += [
                (f"argument[{i}].values ({a.name})", text) for text in ((v.low, v.high) if v else ()) if text
            ]
    works = [("flops", file.flops), ("bytes", file.bytes), ("oracle_work", file.oracle_work)]
    bounds = []
    if file.bound is not None:
        bounds = [(f"bound.{k}", getattr(file.bound, k)) for k in ("terms", "integer_scale")]
        works += bounds
        counts += [("bound.integer_bits", file.bound.integer_bits)] if file.bound.integer_bits else []
    elif file.correct == "analytic":
        raise WrongUse("an analytic task has a [bound]", where=_at(where, "bound"))
    written = [a.dtype for a in file.argument if a.kind in ("inout", "output")]
    units = {UNIT_ROUNDOFF[dtype] for dtype in (*written, file.returns) if dtype in UNIT_ROUNDOFF}
    if file.correct == "analytic" and len(units) > 1:
        raise WrongUse(
            "what an analytic task writes is of single and of double precision, and it has one bound",
            where=_at(where, "argument"),
            allowed="one precision, or correct = 'automatic'",
        )
    names = list(file.domain)
    for key, text in dimensions + works + counts:
        _check_names_in(key, text, names, where)
    for text in file.requires:
        _check_names_in("requires", text, names, where, logic=True)
    kept = 0
    for shape in _samples(file):
        if not all(evaluate_condition(text, shape) for text in file.requires):
            continue
        kept += 1
        _check_at(file, shape, dimensions, works, where)
    if not kept:
        raise WrongUse(
            "neither a corner of the domain nor a band's centre keeps all conditions",
            where=_at(where, "requires"),
        )


def _check_names_in(key: str, text: str, names: list[str], where: Path, *, logic: bool = False) -> None:
    try:
        unknown = sorted(names_in(text, logic=logic) - set(names))
    except WrongUse as error:
        raise WrongUse(error.message, where=_at(where, key), allowed=error.allowed) from error
    if unknown:
        raise WrongUse(
            f"{text!r} uses {unknown[0]!r}, which is no size{did_you_mean(unknown[0], names)}",
            where=_at(where, key),
            allowed=", ".join(names),
        )


def _check_at(
    file: TaskFile,
    shape: Shape,
    dimensions: list[tuple[str, str]],
    numbers: list[tuple[str, str]],
    where: Path,
) -> None:
    """Whether all expressions have values that make sense at one shape."""
    for key, text in dimensions:
        value = _value(text, shape, where, key)
        if not isinstance(value, int) or value < 0:
            raise WrongUse(f"{text!r} is {value} at {shape}", where=_at(where, key), allowed="an int >= 0")
    for key, text in numbers:
        value = _value(text, shape, where, key)
        if not (math.isfinite(value) and value >= 0):
            raise WrongUse(f"{text!r} is {value} at {shape}", where=_at(where, key), allowed="a number >= 0")
    for a in file.argument:
        if a.value and not isinstance(_value(a.value, shape, where, f"argument ({a.name})"), int):
            raise WrongUse(
                f"{a.value!r} is no whole number at {shape}", where=_at(where, f"argument ({a.name}).value")
            )
    if file.bound is None:
        return
    if _value(file.bound.terms, shape, where, "bound.terms") > _MOST_TERMS:
        raise WrongUse(
            f"{file.bound.terms!r} is more than 2^40 at {shape}: no bound is left",
            where=_at(where, "bound.terms"),
            allowed="the roundings on the longest path of one output",
        )
    _check_exact_test(file, file.bound, shape, where)


def _check_exact_test(file: TaskFile, bound: Bound, shape: Shape, where: Path) -> None:
    if not bound.integer_bits:
        return
    bits = _value(bound.integer_bits, shape, where, "bound.integer_bits")
    scale = _value(bound.integer_scale, shape, where, "bound.integer_scale")
    if bits < 1:  # no exact test at this shape
        return
    single = any(a.dtype in ("float32", "complex64") for a in file.argument) or file.returns == "float32"
    most = SINGLE_BITS if single else DOUBLE_BITS
    if not math.isfinite(bits) or scale < 1 or bits + math.log2(scale) > most:
        raise WrongUse(
            f"at {shape} the exact test's inputs are integers below 2^{bits} times {scale}: "
            f"no exact {'floats' if single else 'doubles'}",
            where=_at(where, "bound.integer_bits"),
            allowed=f"bits + log2(integer_scale) <= {most}; bits below 1 where a shape has no exact test, "
            "'' where none has",
        )


def _check_bands(file: TaskFile, where: Path) -> None:
    if repeated := _repeated([b.name for b in file.band]):
        raise WrongUse(f"two bands are named {repeated!r}", where=_at(where, "band"))
    sizes = list(file.domain)
    for i, band in enumerate(file.band, 1):
        key = _at(where, f"band[{i}].center ({band.name})")
        if set(band.center) != set(sizes):
            raise WrongUse(f"it names {sorted(band.center)}", where=key, allowed=", ".join(sizes))
        for name, value in band.center.items():
            low, high = file.domain[name].low, file.domain[name].high
            reach = int(value * band.spread)  # as shapes.near draws
            if not (low <= value - reach and value + reach <= high):
                raise WrongUse(
                    f"{name} = {value} with spread {band.spread} leaves the domain",
                    where=key,
                    allowed=f"[{low}, {high}]",
                )
            step, power = file.domain[name].multiple_of, file.domain[name].power_of
            if value % step or (power and not _is_power(value, power)):
                raise WrongUse(
                    f"{name} = {value} is no {f'power of {power}' if power else f'multiple of {step}'}",
                    where=key,
                )
        for text in file.requires:
            if not evaluate_condition(text, band.center):
                raise WrongUse(f"it does not keep {text!r}", where=key)
    for use in ("training", "report"):
        if not any(getattr(b, use) for b in file.band):
            raise WrongUse(f"no band has {use} = true", where=_at(where, "band"))


def _samples(file: TaskFile) -> Iterator[Shape]:
    """The corners of the domain and the bands' centres."""
    ranges = list(file.domain.items())
    if len(ranges) <= 8:
        for corner in itertools.product(*((limits.low, limits.high) for _, limits in ranges)):
            yield dict(zip(file.domain, corner, strict=True))
    for band in file.band:
        if set(band.center) == set(file.domain):
            yield dict(band.center)


def _value(text: str, shape: Shape, where: Path, key: str) -> int | float:
    try:
        return evaluate_expression(text, shape)
    except WrongUse as error:
        raise WrongUse(error.message, where=_at(where, key), allowed=error.allowed) from error


def _is_power(value: int, of: int) -> bool:
    while value > 1 and value % of == 0:
        value //= of
    return value == 1


def _repeated(items: list[str] | tuple[str, ...]) -> str:
    return next((x for i, x in enumerate(items) if x in items[:i]), "")
