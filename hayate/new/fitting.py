"""From lengths that were measured at several shapes to the expression that gives them all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, combinations_with_replacement, permutations

from hayate.tasks.expressions import evaluate_expression, names_in

LEAST_RUNS = 5  # fewer show nothing
_NAMES_MOST = 8  # with more, products of three are not tried
_EXTRAS_MOST = 12


class Fitter:
    """Expressions over sizes, simplest first, by their values at the runs' shapes."""

    def __init__(
        self, shapes: Sequence[Mapping[str, int]], names: Sequence[str], extras: Iterable[str] = ()
    ) -> None:
        self.shapes = [dict(shape) for shape in shapes]
        self._texts: dict[tuple[int, ...], str] = {}
        self._simple: list[tuple[str, tuple[int, ...]]] = []
        for text in _expressions(names, list(extras)):
            values = tuple(int(evaluate_expression(text, shape)) for shape in self.shapes)
            self._texts.setdefault(values, text)
        for text in _simple(names):
            self._simple.append((text, tuple(int(evaluate_expression(text, s)) for s in self.shapes)))

    def exact(self, lengths: Sequence[int]) -> str | None:
        """The simplest expression with just these values; a number where all are equal."""
        if not lengths:
            return None
        if len(set(lengths)) == 1:
            return str(lengths[0])
        return self._texts.get(tuple(lengths))

    def bound(self, lengths: Sequence[int]) -> str | None:
        """The tightest simple expression that is never below them, and not far above; else a power of two."""
        best: tuple[float, str] | None = None
        for text, values in self._simple:
            if all(v >= length for v, length in zip(values, lengths, strict=True)):
                slack = sum(values) / max(1, sum(lengths))
                if best is None or slack < best[0] - 1e-9:
                    best = (slack, text)
        return best[1] if best is not None and best[0] < 1.6 else None


def _atoms(name: str) -> Iterator[str]:
    for c in (1, 2, 3, 4):
        yield f"{name} + {c}"
        yield f"{name} - {c}"
    yield f"2 * {name}"
    for c in (1, 2):
        yield f"2 * {name} + {c}"
        yield f"2 * {name} - {c}"
    yield f"{name} // 2"
    yield f"({name} + 1) // 2"
    yield f"{name} // 2 + 1"
    for c in (3, 4, 8, 16):
        yield f"{c} * {name}"
    for c in (2, 4, 8, 16):
        yield f"({name} + {c - 1}) // {c} * {c}"
        yield f"({name} + {c - 1}) // {c}"
    yield f"4 * (({name} + 2) // 3)"


def _expressions(names: Sequence[str], extras: Sequence[str]) -> Iterator[str]:
    """The simplest first: where two give the same values at all runs, the first one stands."""
    yield from names
    yield from extras
    for name in names:
        yield from _atoms(name)
    for a, b in combinations(names, 2):
        yield from (f"{a} + {b}", f"{a} * {b}", f"{a} + {b} - 1")
    for a, b in permutations(names, 2):
        yield from (f"{a} - {b} + 1", f"{a} - {b}", f"({a} - {b}) // 2 + 1")
    for a in names:
        yield from (f"{a} * {a}", f"{a} * ({a} + 1) // 2", f"{a} * ({a} - 1) // 2", f"({a} - 1) * {a}")
    for a, b in permutations(names, 2):
        yield from _of_two(a, b)
    if len(names) <= _NAMES_MOST:
        for a, b, c in combinations_with_replacement(sorted(names), 3):
            yield from (f"{a} * {b} * {c}", f"({a} + 2) * ({b} + 2) * ({c} + 2)")
        for a, b, c in permutations(names, 3):
            yield from (f"{a} - {b} + {c}", f"({a} - {b} + 1) * {c}", f"({a} - {b}) // {c} + 1")
            yield f"({a} - 1) * {c} + {b}"
        for first in extras[:_EXTRAS_MOST]:
            for second in (*extras[:_EXTRAS_MOST], *names):
                yield f"({first}) * ({second})"
        for a, b, c, d in combinations(sorted(names), 4):
            yield f"{a} * {b} * {c} * {d}"


def _of_two(a: str, b: str) -> Iterator[str]:
    for factor in (2, 3, 4):
        yield f"{factor} * {a} * {b}"
    for more in (1, 2, 3, 4):
        yield from (f"({a} + {more}) * {b}", f"({a} - {more}) * {b}", f"{a} + {b} + {more}")
        yield from (f"{a} - {b} + {more + 1}", f"{a} + 2 * {b} - {more}")
    yield from (f"{a} + 2 * {b}", f"{a} - 2 * {b}", f"({a} + 1) * ({b} + 1)", f"({a} + 2) * ({b} + 2)")
    yield f"({a} - 1) * ({b} - 1)"


def _simple(names: Sequence[str]) -> Iterator[str]:
    yield from names
    for count in (2, 3):
        for some in combinations_with_replacement(names, count):
            yield " * ".join(some)
    for name in names:
        for factor in (2, 3, 4):
            yield f"{factor} * {name}"


def least_one(expression: str) -> str | None:
    """The condition that a length is no less than 1; None where it is so for all sizes from 1."""
    if " - " not in expression:
        return None
    if not re.search(r"- *[A-Za-z_(]", expression):
        ones = dict.fromkeys(names_in(expression), 1)
        if evaluate_expression(expression, ones) >= 1:
            return None
    head, _, tail = expression.partition(" - ")
    if tail.endswith(" + 1") and head.isidentifier() and tail[:-4].isidentifier():
        return f"{tail[:-4]} <= {head}"
    return f"{expression} >= 1"
