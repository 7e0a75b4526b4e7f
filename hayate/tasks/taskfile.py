"""task.toml: its keys, and the cross checks that types can't make. docs/task-format.md explains each."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from hayate.errors import WrongUse
from hayate.records import Argument, Band, Bound, Language, Record, Shape, SizeRange, Technique
from hayate.tasks.complain import did_you_mean
from hayate.tasks.expressions import evaluate_expression, names_in

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_SIZE = 2**31 - 1
DOUBLE_BITS = 53
_MOST_TERMS = 2**40
_MOST_ARGUMENTS = 8  # of each sort: HY_MAX_SIZES and HY_MAX_ARRAYS of judge/runner/protocol.h


class TaskFile(Record):
    """The keys of task.toml. Everything else of a Task is in the C files beside it."""

    format: Literal[1]
    name: str
    title: str = Field(min_length=1)
    languages: tuple[Language, ...] = Field(default=("c", "c++"), min_length=1)
    bound_by: Literal["compute", "memory"]
    entry: str
    declaration: str
    description: str = Field(min_length=1)
    argument: tuple[Argument, ...] = Field(min_length=1)
    domain: dict[str, tuple[int, int]]
    band: tuple[Band, ...] = Field(min_length=1)
    flops: str
    bytes: str
    oracle_work: str
    oracle_work_max: float = Field(default=2e6, gt=0, allow_inf_nan=False)
    bound: Bound
    techniques: tuple[Technique, ...]
    headers: tuple[str, ...]

    def size_names(self) -> list[str]:
        return [a.name for a in self.argument if a.kind == "size"]

    def ranges(self) -> dict[str, SizeRange]:
        return {name: SizeRange(low=low, high=high) for name, (low, high) in self.domain.items()}


def declaration(entry: str, arguments: tuple[Argument, ...]) -> str:
    """The C declaration that entry and arguments amount to."""
    words = {"size": "int {0}", "input": "const {1} *restrict {0}", "output": "{1} *restrict {0}"}
    return f"void {entry}({', '.join(words[a.kind].format(a.name, a.dtype) for a in arguments)})"


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
    if not _IDENTIFIER.fullmatch(file.entry):
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
    names = [a.name for a in file.argument]
    if repeated := _repeated(names):
        raise WrongUse(f"two arguments are named {repeated!r}", where=_at(where, "argument"))
    for i, a in enumerate(file.argument, 1):
        key = _at(where, f"argument[{i}] ({a.name})")
        if not _IDENTIFIER.fullmatch(a.name):
            raise WrongUse(f"{a.name!r} is no C identifier", where=key)
        if a.kind == "size" and (a.dtype != "int" or a.shape):
            raise WrongUse("a size has dtype 'int' and no shape", where=key)
        if a.kind != "size" and (a.dtype == "int" or not a.shape):
            raise WrongUse("an array has dtype 'double' and a shape", where=key)
    for what, count in (
        ("sizes", len(file.size_names())),
        ("arrays", len(file.argument) - len(file.size_names())),
    ):
        if count > _MOST_ARGUMENTS:
            raise WrongUse(
                f"{count} {what}", where=_at(where, "argument"), allowed=f"at most {_MOST_ARGUMENTS}"
            )
    for kind in ("size", "output"):
        if all(a.kind != kind for a in file.argument):
            raise WrongUse(f"there is no argument of kind {kind!r}", where=_at(where, "argument"))
    expected = declaration(file.entry, file.argument)
    if re.sub(r"\s+", "", file.declaration) != re.sub(r"\s+", "", expected):
        raise WrongUse(
            "the declaration does not match entry and arguments",
            where=_at(where, "declaration"),
            allowed=repr(expected),
        )


def _check_domain(file: TaskFile, where: Path) -> None:
    sizes = file.size_names()
    for name, (low, high) in file.domain.items():
        key = _at(where, f"domain.{name}")
        if name not in sizes:
            raise WrongUse(
                f"no size is named {name!r}{did_you_mean(name, sizes)}", where=key, allowed=", ".join(sizes)
            )
        if not 0 <= low <= high <= _MAX_SIZE:
            raise WrongUse(f"[{low}, {high}] is no range", where=key, allowed="0 <= low <= high < 2^31")
    for name in sizes:
        if name not in file.domain:
            raise WrongUse(
                f"the range of the size {name!r} is missing",
                where=_at(where, "domain"),
                allowed=f"{name} = [low, high]",
            )


def _check_expressions(file: TaskFile, where: Path) -> None:
    dimensions = [
        (f"argument[{i}].shape ({a.name})", text) for i, a in enumerate(file.argument, 1) for text in a.shape
    ]
    works = [("flops", file.flops), ("bytes", file.bytes), ("oracle_work", file.oracle_work)]
    bounds = [(f"bound.{k}", getattr(file.bound, k)) for k in ("terms", "integer_scale")]
    exact = [("bound.integer_bits", file.bound.integer_bits)] if file.bound.integer_bits else []
    sizes = file.size_names()
    for key, text in dimensions + works + bounds + exact:
        try:
            unknown = sorted(names_in(text) - set(sizes))
        except WrongUse as error:
            raise WrongUse(error.message, where=_at(where, key), allowed=error.allowed) from error
        if unknown:
            raise WrongUse(
                f"{text!r} uses {unknown[0]!r}, which is no size{did_you_mean(unknown[0], sizes)}",
                where=_at(where, key),
                allowed=", ".join(sizes),
            )
    for shape in _samples(file):
        for key, text in dimensions:
            value = _value(text, shape, where, key)
            if not isinstance(value, int) or value < 0:
                raise WrongUse(
                    f"{text!r} is {value} at {shape}", where=_at(where, key), allowed="an int >= 0"
                )
        for key, text in works + bounds:
            value = _value(text, shape, where, key)
            if not (math.isfinite(value) and value >= 0):
                raise WrongUse(
                    f"{text!r} is {value} at {shape}", where=_at(where, key), allowed="a number >= 0"
                )
        if _value(file.bound.terms, shape, where, "bound.terms") > _MOST_TERMS:
            raise WrongUse(
                f"{file.bound.terms!r} is more than 2^40 at {shape}: no bound is left",
                where=_at(where, "bound.terms"),
                allowed="the roundings on the longest path of one output",
            )
        _check_exact_test(file, shape, where)


def _check_exact_test(file: TaskFile, shape: Shape, where: Path) -> None:
    if not file.bound.integer_bits:
        return
    bits = _value(file.bound.integer_bits, shape, where, "bound.integer_bits")
    scale = _value(file.bound.integer_scale, shape, where, "bound.integer_scale")
    if bits < 1:  # no exact test at this shape
        return
    if not math.isfinite(bits) or scale < 1 or bits + math.log2(scale) > DOUBLE_BITS:
        raise WrongUse(
            f"at {shape} the exact test's inputs are integers below 2^{bits} times {scale}: no exact doubles",
            where=_at(where, "bound.integer_bits"),
            allowed=f"bits + log2(integer_scale) <= {DOUBLE_BITS}; bits below 1 where a shape has no exact test, "
            "'' where none has",
        )


def _check_bands(file: TaskFile, where: Path) -> None:
    if repeated := _repeated([b.name for b in file.band]):
        raise WrongUse(f"two bands are named {repeated!r}", where=_at(where, "band"))
    sizes = file.size_names()
    for i, band in enumerate(file.band, 1):
        key = _at(where, f"band[{i}].center ({band.name})")
        if set(band.center) != set(sizes):
            raise WrongUse(f"it names {sorted(band.center)}", where=key, allowed=", ".join(sizes))
        for name, value in band.center.items():
            low, high = file.domain[name]
            if not (
                low <= value <= high
                and low <= value * (1 - band.spread)
                and value * (1 + band.spread) <= high
            ):
                raise WrongUse(
                    f"{name} = {value} with spread {band.spread} leaves the domain",
                    where=key,
                    allowed=f"[{low}, {high}]",
                )
    for use in ("training", "report"):
        if not any(getattr(b, use) for b in file.band):
            raise WrongUse(f"no band has {use} = true", where=_at(where, "band"))


def _samples(file: TaskFile) -> Iterator[Shape]:
    """The corners of the domain and the bands' centres."""
    ranges = list(file.domain.items())
    if len(ranges) <= 8:
        for corner in itertools.product(*(limits for _, limits in ranges)):
            yield dict(zip(file.domain, corner, strict=True))
    for band in file.band:
        if set(band.center) == set(file.domain):
            yield dict(band.center)


def _value(text: str, shape: Shape, where: Path, key: str) -> int | float:
    try:
        return evaluate_expression(text, shape)
    except WrongUse as error:
        raise WrongUse(error.message, where=_at(where, key), allowed=error.allowed) from error


def _repeated(items: list[str] | tuple[str, ...]) -> str:
    return next((x for i, x in enumerate(items) if x in items[:i]), "")
