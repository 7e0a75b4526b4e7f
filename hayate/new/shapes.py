"""Shapes of arrays, from what was touched and by what strides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from hayate.new.fitting import Fitter
from hayate.new.polynomials import Polynomial
from hayate.new.running import ArrayTrace

_SLACK = 3  # a dimension of which the last ones are never touched has at most so many of them


@dataclass(frozen=True)
class Shape:
    """Of an array, outermost first. `extent` is () where all of it is used."""

    dims: tuple[str, ...]
    extent: tuple[str, ...]
    exact: bool  # False: larger than what was touched
    relation: tuple[str, str] | None = None  # it holds where the first is no larger than the second

    @property
    def used(self) -> tuple[str, ...]:
        return self.extent or self.dims


def _touched(trace: ArrayTrace) -> NDArray[np.int64]:
    return np.flatnonzero(trace.states).astype(np.int64) + trace.low


class Shaper:
    """Finds shapes from the traces of several runs."""

    def __init__(self, shapes: Sequence[Mapping[str, int]], fitter: Fitter, strides: Sequence[str]) -> None:
        self.shapes, self.fitter, self.strides = shapes, fitter, set(strides)

    def shape(self, traces: Sequence[ArrayTrace], inner: Sequence[Sequence[Polynomial]]) -> Shape | None:
        """`inner` are the chains of strides that are worth a try, each with the largest first."""
        touched = [_touched(t) for t in traces]
        for chain in inner:
            found = self._by_strides(touched, chain)
            if found is not None:
                return found
        return self._flat(touched)

    def _flat(self, touched: Sequence[NDArray[np.int64]]) -> Shape | None:
        exact = self._axis([t[-1] for t in touched], [t[0] for t in touched])
        if exact is not None:
            return Shape((exact,), (), True)
        bound = self.fitter.bound([int(t[-1]) + 1 for t in touched])
        longest = max(int(t[-1]) + 1 for t in touched)
        if bound is None and longest <= 256 and longest > 200:
            bound = "256"  # indexed by a byte
        return Shape((bound,), (), False) if bound is not None else None

    def _axis(self, highest: Sequence[int], lowest: Sequence[int]) -> str | None:
        """The length along one axis; what is left out on both sides alike counts."""
        low = {int(x) for x in lowest}
        highest = [int(x) for x in highest]
        plain = self.fitter.exact([h + 1 for h in highest])
        if plain is not None and plain.isidentifier():
            return plain
        if len(low) == 1 and 0 < min(low) <= 4:
            both = self.fitter.exact([h + 1 + min(low) for h in highest])
            if both is not None and not both.isdigit() and " - " not in both:
                return both
        return plain

    def _by_strides(self, touched: Sequence[NDArray[np.int64]], chain: Sequence[Polynomial]) -> Shape | None:
        numeric = [[p.value(shape) for p in chain] for shape in self.shapes]
        if any(s < 1 for row in numeric for s in row) or all(s == 1 for row in numeric for s in row):
            return None
        for row in numeric:
            if any(a % b or a < b for a, b in pairwise(row)):
                return None
        dims: list[str] = []
        extents: list[str] = []
        rest = [t.copy() for t in touched]
        exact = True
        for axis in range(len(chain) + 1):
            if axis < len(chain):
                along = [r // row[axis] for r, row in zip(rest, numeric, strict=True)]
                rest = [r % row[axis] for r, row in zip(rest, numeric, strict=True)]
            else:
                along = rest
            highest = [int(a.max()) for a in along]
            lowest = [int(a.min()) for a in along]
            used = self._axis(highest, lowest)
            if axis == 0:
                bound = used or self.fitter.bound([h + 1 for h in highest])
                if bound is None:
                    return None
                exact = exact and used is not None
                dims.append(bound)
                extents.append(bound)
                continue
            lengths = [row[axis - 1] // (row[axis] if axis < len(chain) else 1) for row in numeric]
            stride, after = chain[axis - 1], chain[axis] if axis < len(chain) else Polynomial.number(1)
            name = self._length(stride, after, lengths)
            if name is None:
                return None
            free = name in self.strides or (name.isdigit() and used is not None and not used.isdigit())
            if any(h + 1 > length for h, length in zip(highest, lengths, strict=True)):
                return None
            if not free and all(length - h - 1 > _SLACK for h, length in zip(highest, lengths, strict=True)):
                return None
            dims.append(name)
            extents.append((used or name) if free else name)
        dims[0] = extents[0] = _squared(dims)
        return Shape(tuple(dims), tuple(extents) if extents != dims else (), exact)

    def _length(self, stride: Polynomial, after: Polynomial, lengths: Sequence[int]) -> str | None:
        if after == Polynomial.number(1):
            text = str(stride)
            if text.isdigit() or text.isidentifier():
                return text
        return self.fitter.exact(lengths)


def _squared(dims: Sequence[str]) -> str:
    """Of a square matrix the last row may be one that nothing touches."""
    for other in dims[1:]:
        if dims[0] in (f"{other} - 1", f"{other} - 2"):
            return other
    return dims[0]


def chains(strides: set[Polynomial], shape: Mapping[str, int]) -> list[list[Polynomial]]:
    """Subsets of the strides, the longest first, each with the largest stride first.

    A loop may take two rows at a time: `2 * w` stands for w too, after all that is written as it is.
    """
    # `A[k * n + k]` multiplies k by n + 1.
    written = {p for p in strides if p - Polynomial.number(1) not in strides}
    units = {unit for p in written if (unit := _unit(p)) is not None}
    found: list[tuple[int, bool, list[Polynomial]]] = []
    for some, derived in ((written, False), (written | units, True)):
        ordered = sorted(some, key=lambda p: -p.value(shape))[:5]
        for count in range(1, len(ordered) + 1):
            found += [(-count, derived, list(chain)) for chain in combinations(ordered, count)]
    return [chain for _, _, chain in sorted(found, key=lambda one: one[:2])]


def _unit(stride: Polynomial) -> Polynomial | None:
    factor = min(abs(c) for _, c in stride.terms)
    if factor == 1 or not stride.names or any(c % factor for _, c in stride.terms):
        return None
    return Polynomial(tuple((p, c // factor) for p, c in stride.terms))
