"""Uses that show in how elements are compared: searching by halves, and comparing for equality alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from hayate.new.dataflow import Flow, Spot, subscript
from hayate.new.syntax import bare, field
from hayate.toolchains.source.nodes import every, text_of

_COMPARISONS = ("<", "<=", ">", ">=", "==")

# The strongest first.
ORDER = (
    "symmetric_positive_definite",
    "diagonally_dominant",
    "triangular",
    "sorted",
    "leading",
    "small",
    "unit",
    "fraction",
    "positive",
    "nonzero",
    "angle",
    "bounded",
    "symbols",
)


@dataclass(frozen=True)
class Use:
    """A use that restricts the values of an argument (or of "argument.member")."""

    argument: str
    what: str  # one of ORDER
    spot: Spot
    why: str


def plain(node: Node | None) -> str:
    """The text without blanks, and without parentheses and casts around it."""
    return re.sub(r"\s+", "", text_of(bare(node)))


def searched(flow: Flow) -> Iterator[Use]:
    """Arrays that are halved: `mid = (lo + hi) / 2`, and a comparison with the element at `mid`."""
    for (function, variable), values in flow.assigned.items():
        texts = [text_of(v.node) for op, v in values if op == "="]
        if not any(re.search(r"/\s*2\b|>>\s*1\b", t) and re.search(r"[+-]", t) for t in texts):
            continue
        for node in every(flow.functions.get(function)):
            if node.type != "binary_expression" or text_of(field(node, "operator")) not in _COMPARISONS:
                continue
            for side in (bare(field(node, "left")), bare(field(node, "right"))):
                subscripted = side is not None and side.type == "subscript_expression"
                if side is None or not subscripted or plain(subscript(side)) != variable.partition("#")[0]:
                    continue
                for name in flow.element_of(Spot(side, function)):
                    yield Use(name, "sorted", Spot(node, function), f"{name} is searched by halves")


def compared(flow: Flow) -> Iterator[Use]:
    """Arrays of integers whose elements are compared for equality and nothing else."""
    equal: dict[str, Spot] = {}
    other: set[str] = set()
    compared: set[int] = set()
    for spot in flow.nodes():
        node = spot.node
        if node.type == "binary_expression" and text_of(field(node, "operator")) in ("==", "!="):
            sides = [
                Spot(s, spot.function) for s in (field(node, "left"), field(node, "right")) if s is not None
            ]
            elements = [flow.element_of(s) for s in sides]
            if all(elements):
                for side, names in zip(sides, elements, strict=True):
                    compared.add((bare(side.node) or side.node).id)
                    for name in names:
                        equal.setdefault(name, spot)
    for spot in flow.nodes():
        if spot.node.type == "subscript_expression" and spot.node.id not in compared:
            other |= flow.element_of(spot)
    for name, spot in equal.items():
        if name not in other and flow.is_integer(name):
            yield Use(name, "symbols", spot, f"elements of {name} are only compared for equality")
