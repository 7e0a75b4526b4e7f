"""Indices and bounds as polynomials over the entry's integers and the variables of loops."""

from __future__ import annotations

from hayate.new.dataflow import Flow, Spot, subscript
from hayate.new.polynomials import Polynomial
from hayate.new.syntax import bare, field
from hayate.new.unsupported import base_name
from hayate.toolchains.source.nodes import text_of

_DEPTH = 12


def polynomial(flow: Flow, spot: Spot, depth: int = _DEPTH) -> Polynomial:
    """The expression over integer arguments and variables ("function:name") that it depends on."""
    node = bare(spot.node)
    atom = Polynomial.of(f"?{spot.function}:{text_of(node)}")
    if node is None or depth == 0:
        return atom
    if node.type == "number_literal":
        try:
            return Polynomial.number(int(text_of(node).rstrip("uUlL"), 0))
        except ValueError:
            return atom
    if node.type == "identifier":
        name = flow.variable(text_of(node), node, spot.function)
        if flow.is_argument(name, spot.function):
            return Polynomial.of(name)
        values = flow.values_of(name, spot.function)
        if len(values) == 1 and values[0][0] == "=":
            inner = polynomial(flow, values[0][1], depth - 1)
            if not any(n.startswith("?") for n in inner.names) or spot.function != values[0][1].function:
                return inner
            if (
                inner.names
                and all(":" in n for n in inner.names if n.startswith("?"))
                and len(inner.terms) > 1
            ):
                return inner
        return Polynomial.of(f"?{spot.function}:{name}")
    if node.type == "field_expression" and flow.is_argument(base_name(node), spot.function):
        return Polynomial.of(f"{base_name(node)}.{text_of(field(node, 'field'))}")
    if node.type == "binary_expression":
        left, right = field(node, "left"), field(node, "right")
        operator = text_of(field(node, "operator"))
        if left is not None and right is not None:
            a = polynomial(flow, Spot(left, spot.function), depth - 1)
            b = polynomial(flow, Spot(right, spot.function), depth - 1)
            if operator == "+":
                return a + b
            if operator == "-":
                return a - b
            if operator == "*":
                return a * b
            if operator == "/" and a.known and b.known and a.names:
                above, below = (str(x) if str(x).isalnum() else f"({x})" for x in (a, b))
                return Polynomial.of(f"({above} // {below})")
            if operator == "<<" and b.constant is not None and 0 <= b.constant < 31:
                return a * Polynomial.number(1 << b.constant)
    return atom


def pointer(flow: Flow, spot: Spot, depth: int = _DEPTH) -> tuple[str, Polynomial] | None:
    """The array argument that a pointer points into, and how far from its start, in elements."""
    node = bare(spot.node)
    if node is None or depth == 0:
        return None
    if node.type == "identifier":
        name = flow.variable(text_of(node), node, spot.function)
        if flow.is_argument(name, spot.function):
            return (name, Polynomial.number(0)) if flow.arguments[name].pointer else None
        values = [v for operator, v in flow.values_of(name, spot.function) if operator == "="]
        ways = [w for v in values if (w := pointer(flow, v, depth - 1)) is not None]
        return ways[0] if ways else None
    if node.type == "binary_expression" and text_of(field(node, "operator")) == "+":
        left, right = field(node, "left"), field(node, "right")
        for base, added in ((left, right), (right, left)):
            way = pointer(flow, Spot(base, spot.function), depth - 1) if base is not None else None
            if way is not None and added is not None:
                return way[0], way[1] + polynomial(flow, Spot(added, spot.function))
    if node.type == "pointer_expression" and text_of(node).startswith("&"):
        inner = bare(field(node, "argument"))
        return offset(flow, Spot(inner, spot.function), depth - 1) if inner is not None else None
    return None


def offset(flow: Flow, spot: Spot, depth: int = _DEPTH) -> tuple[str, Polynomial] | None:
    """Of an element of a flat array: its array and its index."""
    node = bare(spot.node)
    while node is not None and node.type == "field_expression":
        node = bare(field(node, "argument"))
    if node is None:
        return None
    base = field(node, "argument")
    if base is None:
        return None
    way = pointer(flow, Spot(base, spot.function), depth)
    if node.type == "subscript_expression" and way is not None:
        index = subscript(node)
        return (way[0], way[1] + polynomial(flow, Spot(index, spot.function))) if index is not None else None
    if node.type == "pointer_expression" and text_of(node).startswith("*"):
        return way
    return None
