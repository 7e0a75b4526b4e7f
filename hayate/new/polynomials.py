"""Polynomials over names with whole coefficients: what indices and bounds are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from hayate.tasks.expressions import evaluate_expression


@dataclass(frozen=True)
class Polynomial:
    """`terms`: sorted names of a product -> coefficient. Names that begin with "?" are no arguments."""

    terms: tuple[tuple[tuple[str, ...], int], ...]

    @classmethod
    def number(cls, value: int) -> Polynomial:
        return cls(_sorted({(): value}))

    @classmethod
    def of(cls, name: str) -> Polynomial:
        return cls(_sorted({(name,): 1}))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for product, _ in self.terms for name in product)

    @property
    def constant(self) -> int | None:
        """Its value, if it has no names."""
        return dict(self.terms).get((), 0) if not self.names else None

    @property
    def known(self) -> bool:
        """Whether it is over arguments alone."""
        return not any(name.startswith("?") for name in self.names)

    def __add__(self, other: Polynomial) -> Polynomial:
        found = dict(self.terms)
        for product, factor in other.terms:
            found[product] = found.get(product, 0) + factor
        return Polynomial(_sorted(found))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + other * Polynomial.number(-1)

    def __mul__(self, other: Polynomial) -> Polynomial:
        found: dict[tuple[str, ...], int] = {}
        for a, x in self.terms:
            for b, y in other.terms:
                product = tuple(sorted((*a, *b)))
                found[product] = found.get(product, 0) + x * y
        return Polynomial(_sorted(found))

    def coefficients(self) -> dict[str, Polynomial]:
        """Of each name that is no argument, and stands alone in its products: what multiplies it."""
        found: dict[str, dict[tuple[str, ...], int]] = {}
        for product, factor in self.terms:
            variables = [name for name in product if name.startswith("?")]
            if len(variables) == 1:
                rest = tuple(name for name in product if not name.startswith("?"))
                of = found.setdefault(variables[0], {})
                of[rest] = of.get(rest, 0) + factor
        return {name: Polynomial(_sorted(terms)) for name, terms in found.items()}

    def value(self, sizes: Mapping[str, int]) -> int:
        """Names may be quotients: "((n) // (2))"."""
        return sum(factor * prod(_value(name, sizes) for name in product) for product, factor in self.terms)

    def __str__(self) -> str:
        parts = []
        for product, factor in sorted(self.terms, key=lambda term: (not term[0], term[1] < 0)):
            names = " * ".join(product)
            text = (
                str(abs(factor)) if not names else names if abs(factor) == 1 else f"{abs(factor)} * {names}"
            )
            parts.append((" - " if factor < 0 else " + ") + text)
        text = "".join(parts) or "0"
        return text[3:] if text.startswith(" + ") else text.strip().replace("- ", "-", 1) if parts else text


def _value(name: str, sizes: Mapping[str, int]) -> int:
    return sizes[name] if name in sizes else int(evaluate_expression(name, dict(sizes)))


def _sorted(terms: dict[tuple[str, ...], int]) -> tuple[tuple[tuple[str, ...], int], ...]:
    kept = [(product, factor) for product, factor in terms.items() if factor]
    return tuple(sorted(kept, key=lambda item: (-len(item[0]), item[0])))
