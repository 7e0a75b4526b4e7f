"""What each argument is filled with, from what it is used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hayate.new.draft import Confidence
from hayate.new.observing import Seen
from hayate.new.patterns import ORDER, Use
from hayate.new.shapes import Shape
from hayate.records import Values

_INTEGERS = {
    "int8": ("-128", "127"),
    "uint8": ("0", "255"),
    "int16": ("-1000", "1000"),
    "uint16": ("0", "65535"),
    "int32": ("-1000", "1000"),
    "uint32": ("0", "4294967295"),
    "int64": ("-1000", "1000"),
    "uint64": ("0", "1000000"),
}
_REALS = {
    "leading": Values(kind="uniform", low="3", high="4"),
    "small": Values(kind="uniform", low="-1", high="1"),
    "unit": Values(kind="real", low="-1", high="1"),
    "fraction": Values(kind="uniform", low="0.1", high="0.9"),
    "positive": Values(kind="uniform", low="0.5", high="2"),
    "nonzero": Values(kind="uniform", low="0.5", high="2"),
    "angle": Values(kind="real", low="-3", high="3"),
    "bounded": Values(kind="real", low="-8", high="8"),
}


@dataclass(frozen=True)
class Valued:
    """Values and why."""

    values: Values | None
    why: str
    confidence: Confidence = "likely"


def scalar_values(dtype: str, uses: Sequence[Use], enumerators: Sequence[int] = ()) -> Valued:
    """Of a number that is no size."""
    if enumerators:
        low, high = str(min(enumerators)), str(max(enumerators))
        return Valued(Values(kind="integer", low=low, high=high), "an enumeration")
    if dtype.startswith(("int", "uint")):
        high = _INTEGERS[dtype][1] if dtype in ("uint8", "uint16", "uint32") else "100"
        return Valued(
            Values(kind="integer", low="1", high=high), "neither bounds a loop nor subscripts an array"
        )
    for use in _strongest(uses):
        if use.what in _REALS:
            return Valued(_REALS[use.what], use.why)
    return Valued(Values(kind="real"), "any number")


def array_values(seen: Seen, name: str, dtype: str, shapes: Mapping[str, Shape], kind: str) -> Valued:
    """Of an array that is read."""
    role = seen.roles.get(name)
    uses = [u for u in seen.uses if u.argument == name]
    if role is not None and role.kind == "offsets":
        return Valued(
            Values(kind="offsets", high=seen.nonzeros[name]), f"says where rows begin in {_and(role.targets)}"
        )
    if role is not None and role.kind == "index":
        return _index(seen, name, dtype, shapes)
    if role is not None and role.kind == "mask":
        return Valued(
            Values(kind="integer", low="0", high="1"), f"decides whether {_and(role.targets)} is used"
        )
    if role is not None and role.kind == "counts":
        dims = [shapes[t].dims[-1] for t in role.targets if t in shapes]
        high = dims[0] if dims else "1"
        return Valued(
            Values(kind="integer", low="0", high=high), f"bounds a loop over {_and(role.targets)}", "unsure"
        )
    for use in _strongest(uses):
        found = _used(seen, name, dtype, shapes[name], use)
        if found is not None:
            return Valued(found, f"{use.why} ({_line(seen, use)})")
    if seen.flow.arguments[name].spelled in ("_Bool", "bool"):
        return Valued(Values(kind="integer", low="0", high="1"), "true or false", "certain")
    if dtype in _INTEGERS:
        low, high = _INTEGERS[dtype]
        return Valued(Values(kind="integer", low=low, high=high), "numbers of its type")
    return Valued(Values(kind="real"), "any number")


def _strongest(uses: Sequence[Use]) -> list[Use]:
    return sorted(uses, key=lambda use: ORDER.index(use.what))


def _line(seen: Seen, use: Use) -> str:
    place = seen.flow.found.place(use.spot.node)
    return f"line {place.line}" if place else "in a macro"


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _used(seen: Seen, name: str, dtype: str, shape: Shape, use: Use) -> Values | None:
    square = len(shape.dims) == 2 and shape.used[0] == shape.used[1]
    if use.what == "symbols":
        return Values(kind="integer", low="0", high="3")
    if use.what == "sorted":
        high = shape.dims[0] if dtype not in ("int8", "uint8") else "100"
        return Values(
            kind="sorted", low="0", high=f"4 * ({high})" if dtype.startswith(("int", "uint")) else high
        )
    if dtype.startswith(("int", "uint")):
        _, high = _INTEGERS[dtype]
        return Values(kind="integer", low="1", high=high) if use.what == "nonzero" else None
    if use.what == "symmetric_positive_definite" or use.what == "diagonally_dominant":
        return Values(kind=use.what) if square else None
    if use.what == "triangular":
        if not square:
            return Values(kind="uniform", low="0.5", high="2")
        return Values(kind="lower_triangular" if _lower(seen, name, shape) else "diagonally_dominant")
    return _REALS.get(use.what)


def _lower(seen: Seen, name: str, shape: Shape) -> bool:
    """Whether nothing above the diagonal is touched."""
    for trace, sizes in zip(seen.of(name), seen.shapes, strict=True):
        width = sizes.get(shape.dims[1], 0)
        at = np.flatnonzero(trace.states) + trace.low
        if not width or (at % width > at // width).any():
            return False
    return True


def _axis(width: int, shape: Shape) -> int:
    """Which axis of its target an index runs along: the last one where values next to each other lead so."""
    return -1 if width == 1 else 0


def _index(seen: Seen, name: str, dtype: str, shapes: Mapping[str, Shape]) -> Valued:
    role = seen.roles[name]
    target = next((t for t in role.targets if t in shapes), "")
    high = shapes[target].dims[_axis(role.width[target], shapes[target])] if target else "1"
    why = f"subscripts {_and(role.targets)}"
    confidence: Confidence = "likely" if target and shapes[target].exact else "unsure"
    if role.of:
        return Valued(
            Values(kind="columns", of=role.of, high=high), f"{why}, in the rows of {role.of}", confidence
        )
    if dtype == "uint8" and high == "256":
        return Valued(Values(kind="integer", low="0", high="255"), f"{why} of 256 elements", confidence)
    if role.scatters and shapes[target].dims == shapes[name].dims:
        return Valued(
            Values(kind="permutation"), f"says where each element of {target} is written", confidence
        )
    if "perm" in name.lower() and high == shapes[name].dims[0]:
        return Valued(Values(kind="permutation"), f"{why}, and is called {name}", confidence)
    return Valued(Values(kind="index", high=high), why, confidence)
