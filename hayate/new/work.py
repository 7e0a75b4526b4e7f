"""How many operations a call makes, as an expression over the sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from hayate.tasks.expressions import evaluate_expression

_COMPLEXITY = 0.03  # a degree more must lower the error by so much
_GOOD = 1e-6  # relative error of a fit that is exact
_SHARE = 0.7  # products that are fitted at once, for each run
_SHOWN = 0.01  # terms below this share of the whole are left out


@dataclass(frozen=True)
class Fit:
    """An expression and its relative error at the shapes that it was fitted to."""

    expression: str
    error: float


def fit(
    counts: Sequence[float],
    shapes: Sequence[Mapping[str, int]],
    atoms: Sequence[str],
    spaces: Sequence[tuple[str, ...]] = (),
) -> Fit:
    """A sum of products of atoms (expressions over sizes): exact where there is one, else near."""
    y = np.asarray(counts, float)
    if not y.any():
        return Fit("0", 0.0)
    if not atoms:
        return Fit(_number(float(y.mean())), float(np.abs(y / y.mean() - 1).max()))
    for powers in (1, 2, 3, 4):
        for degree in range(1, len(atoms) * powers + 1):
            products = _limited(atoms, degree, powers)
            if len(products) > _SHARE * len(y):
                break
            found = _whole(y, shapes, atoms, products)
            if found is not None:
                return found
    return _near(y, shapes, atoms, spaces)


def _limited(atoms: Sequence[str], degree: int, powers: int) -> list[tuple[str, ...]]:
    """Products of a degree, each atom to a power."""
    found: list[tuple[str, ...]] = []
    for d in range(min(degree, 5) + 1):
        for product in combinations_with_replacement(atoms, d):
            # n log n is what doubling loops and recursions over a line take; n n would fit small shapes better.
            if all(product.count(a) <= (1 if f"log2_{a}" in atoms else powers) for a in product):
                found.append(product)
                if len(found) > 200:
                    return found
    return found


def _whole(
    y: NDArray[np.float64],
    shapes: Sequence[Mapping[str, int]],
    atoms: Sequence[str],
    products: list[tuple[str, ...]],
) -> Fit | None:
    """All products at once, where they give the counts exactly."""
    values = {a: np.array([float(evaluate_expression(a, dict(s))) for s in shapes]) for a in atoms}
    columns = np.array([np.prod([values[a] for a in p], axis=0) if p else np.ones(len(y)) for p in products])
    solution, error = _solve(columns / y.clip(1.0), list(range(len(products))), y / y.clip(1.0))
    if error > _GOOD:
        return None
    return Fit(_text(products, list(range(len(products))), solution, values, atoms), error)


def _near(
    y: NDArray[np.float64],
    shapes: Sequence[Mapping[str, int]],
    atoms: Sequence[str],
    spaces: Sequence[tuple[str, ...]],
) -> Fit:
    """What depends on data: non-negative factors of as few and as low products as come near."""
    every = [*atoms, *(a for space in spaces for a in space)]
    values = {a: np.array([float(evaluate_expression(a, dict(s))) for s in shapes]) for a in every}
    tries: list[tuple[float, list[tuple[str, ...]]]] = [(_COMPLEXITY, [(), space]) for space in spaces]
    for powers in (1, 2, 3):
        for degree in range(1, min(4, len(atoms) * powers) + 1):
            tries.append((_COMPLEXITY * degree, _limited(atoms, degree, powers)))
    best: tuple[float, Fit] | None = None
    for cost, products in tries:
        columns = np.array(
            [np.prod([values[a] for a in p], axis=0) if p else np.ones(len(y)) for p in products]
        )
        scale = y.clip(1.0)
        factors, _ = nnls((columns / scale).T, y / scale)
        error = float(np.sqrt(np.mean((y / scale - factors @ (columns / scale)) ** 2)))
        if best is None or error + cost < best[0]:
            chosen = [i for i, f in enumerate(factors) if f > 0]
            best = (error + cost, Fit(_text(products, chosen, factors[chosen], values, every), error))
    assert best is not None
    return best[1]


def _solve(
    scaled: NDArray[np.float64], chosen: list[int], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    solution = np.linalg.lstsq(scaled[chosen].T, target, rcond=None)[0]
    return np.asarray(solution, np.float64), float(np.abs(target - solution @ scaled[chosen]).max())


def _text(
    products: list[tuple[str, ...]],
    chosen: list[int],
    factors: NDArray[np.float64],
    values: Mapping[str, NDArray[np.float64]],
    atoms: Sequence[str],
) -> str:
    """The terms that count at the largest shapes, those of the highest degree first."""
    large = {a: float(np.max(values[a])) * 30.0 for a in atoms}
    terms = []
    for at, factor in zip(chosen, factors, strict=True):
        size = abs(factor) * float(np.prod([large[a] for a in products[at]])) if products[at] else abs(factor)
        terms.append((size, factor, products[at]))
    top = max((t[0] for t in terms), default=0.0)
    kept = sorted((t for t in terms if t[0] > _SHOWN * top), key=lambda t: -t[0])
    if kept and kept[0][1] < 0:
        kept = [t for t in kept if t[1] > 0] or [(1.0, abs(kept[0][1]), kept[0][2])]
    text = ""
    for _, factor, product in kept:
        names = " * ".join(a if a.isidentifier() else f"({a})" for a in product)
        number = _number(abs(factor))
        piece = names if number == "1" and names else f"{number} * {names}" if names else number
        text += (" - " if factor < 0 else " + ") + piece
    return text[3:] if text.startswith(" + ") else text.strip() or "0"


def _number(value: float) -> str:
    for denominator in (1, 2, 3, 4, 6):
        scaled = value * denominator
        if abs(scaled - round(scaled)) < 1e-4 * max(1.0, scaled) and round(scaled):
            return str(round(scaled)) if denominator == 1 else f"{round(scaled)} / {denominator}"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
