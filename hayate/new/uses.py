"""What elements and numbers are used for that not every value suits: divisors, logarithms, pivots, angles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hayate.new.dataflow import Direct, Flow, Spot, subscript
from hayate.new.patterns import Use, compared, plain, searched
from hayate.new.syntax import bare, field
from hayate.new.unsupported import base_name
from hayate.toolchains.source.nodes import every, text_of

_POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "pow", "cbrt", "lgamma", "tgamma", "rsqrt"}
_BOUNDED = {"exp", "exp2", "expm1", "sinh", "cosh", "exp10"}
_UNIT = {"acos", "asin", "atanh"}
_ANGLE = {"sin", "cos", "tan", "sincos", "cexp"}


def uses_of(flow: Flow) -> list[Use]:
    """All that were found, in the order of the text."""
    found: list[Use] = []
    for spot in flow.nodes():
        node = spot.node
        if (node.type == "binary_expression" and text_of(field(node, "operator")) == "/") or (
            node.type == "assignment_expression" and text_of(field(node, "operator")) == "/="
        ):
            found += _divisor(flow, spot, field(node, "right"))
        elif node.type == "binary_expression" and text_of(field(node, "operator")) == "-":
            found += _complement(flow, spot)
        elif node.type == "call_expression":
            found += _call(flow, spot)
    found += searched(flow)
    found += compared(flow)
    return found


def _said(direct: Direct) -> str:
    return re.sub(r"\s+", " ", text_of(direct.spot.node))


def _complement(flow: Flow, spot: Spot) -> Iterator[Use]:
    """`1 - x` of a number x, or of a power of it: a share, such as a damping factor."""
    left, right = field(spot.node, "left"), bare(field(spot.node, "right"))
    if left is None or right is None or not re.fullmatch(r"1(\.0*)?[fF]?", text_of(bare(left))):
        return
    if right.type == "call_expression" and text_of(field(right, "function")).startswith(("pow", "std::pow")):
        arguments = field(right, "arguments")
        right = arguments.named_children[0] if arguments is not None and arguments.named_children else right
    for direct in _floats(flow, flow.direct(Spot(right, spot.function))):
        if not direct.element:
            yield Use(direct.argument, "fraction", spot, f"1 less {_said(direct)} is taken")


def _floats(flow: Flow, directs: list[Direct]) -> list[Direct]:
    kept = []
    for direct in directs:
        base, _, member = direct.argument.partition(".")
        kind = flow.arguments[base]
        dtype = next((m.dtype for m in kind.members if m.name == member), kind.dtype)
        if kind.members and not member:
            dtype = kind.members[0].dtype
        if dtype.startswith(("float", "complex")):
            kept.append(direct)
    return kept


def is_diagonal(node: Node) -> bool:
    """`A[k * n + k]`, `A[k * (n + 1)]`, `A[k][k]`."""
    index = bare(subscript(node)) if node.type == "subscript_expression" else None
    if index is None:
        return False
    outer = bare(field(node, "argument"))
    if outer is not None and outer.type == "subscript_expression":
        return plain(subscript(outer)) == plain(index)
    if index.type == "binary_expression" and text_of(field(index, "operator")) == "+":
        left, right = bare(field(index, "left")), bare(field(index, "right"))
        for product, single in ((left, right), (right, left)):
            if product is not None and product.type == "binary_expression" and single is not None:
                sides = (plain(field(product, "left")), plain(field(product, "right")))
                if text_of(field(product, "operator")) == "*" and plain(single) in sides:
                    return True
    text = plain(index)
    return bool(re.fullmatch(r"(\w+)\*\((\w+)\+1\)|\((\w+)\+1\)\*(\w+)", text))


def _factors(spot: Spot) -> Iterator[Spot]:
    node = bare(spot.node)
    if node is not None and node.type == "binary_expression" and text_of(field(node, "operator")) == "*":
        for side in (field(node, "left"), field(node, "right")):
            if side is not None:
                yield from _factors(Spot(side, spot.function))
    elif node is not None:
        yield Spot(node, spot.function)


def _divisor(flow: Flow, spot: Spot, divisor: Node | None) -> Iterator[Use]:
    if divisor is None:
        return
    for factor in _factors(Spot(divisor, spot.function)):
        for resolved in flow.resolved(factor):
            for inner in _factors(resolved):
                yield from _divided_by(flow, inner, spot)


def _divided_by(flow: Flow, inner: Spot, spot: Spot) -> Iterator[Use]:
    node = inner.node
    if node.type == "binary_expression" and text_of(field(node, "operator")) in ("-", "+"):
        yield from _divided_by_sum(flow, inner, spot)
        return
    if node.type == "call_expression":
        name = text_of(field(node, "function")).removeprefix("std::").removesuffix("f")
        if name == "sqrt":
            yield from _call(flow, inner)
        return
    for direct in _floats(flow, flow.direct(inner)):
        if direct.element and is_diagonal(direct.spot.node):
            yield from _pivot(flow, direct, spot)
        else:
            yield Use(direct.argument, "nonzero", spot, f"{_said(direct)} is a divisor")
    for direct in flow.direct(inner):
        if direct.element and flow.is_integer(direct.argument):
            yield Use(direct.argument, "nonzero", spot, f"{_said(direct)} is a divisor")


def _pivot(flow: Flow, direct: Direct, spot: Spot) -> Iterator[Use]:
    """A division by a diagonal element: of a factor that is given, or of a matrix that is being factorised."""
    written = [v for op, v in flow.assigned.get((direct.spot.function, direct.argument), []) if op == "[]"]
    if not written:
        written = [
            v
            for (_, name), vs in flow.assigned.items()
            if name == direct.argument
            for op, v in vs
            if op == "[]"
        ]
    why = f"{_said(direct)}, on the diagonal, is a divisor"
    if not written:
        yield Use(direct.argument, "triangular", spot, why)
        return
    yield Use(direct.argument, "diagonally_dominant", spot, f"{why}, and the matrix is factorised")
    for value in written:
        for source in _elements(flow, value):
            if source != direct.argument:
                yield Use(
                    source, "diagonally_dominant", spot, f"{direct.argument}, a factor of it, has divisors"
                )


def _elements(flow: Flow, spot: Spot) -> set[str]:
    """Arrays of which elements flow into a value by more than a factor."""
    found = set()
    for reached in flow.reaching(spot, 4):
        if reached.node.type == "subscript_expression":
            for direct in _floats(flow, [Direct(n, reached, True) for n in flow.element_of(reached)]):
                found.add(direct.argument)
    return found


def _divided_by_sum(flow: Flow, inner: Spot, spot: Spot) -> Iterator[Use]:
    left, right = field(inner.node, "left"), field(inner.node, "right")
    if left is None or right is None:
        return
    first = _floats(flow, flow.direct(Spot(left, inner.function)))
    second = _floats(flow, flow.direct(Spot(right, inner.function)))
    if text_of(field(inner.node, "operator")) == "+":
        for direct in first + second:
            yield Use(direct.argument, "positive", spot, f"{_said(direct)} is part of a divisor")
        return
    one = {d.argument for d in first if d.element}
    other = {d.argument for d in second if d.element}
    if one and one == other:
        for name in one:
            yield Use(name, "sorted", spot, f"a difference of two elements of {name} is a divisor")
        return
    if any(is_diagonal(d.spot.node) for d in first if d.element):
        for direct in first:
            yield Use(
                direct.argument, "diagonally_dominant", spot, f"{_said(direct)} less something is a divisor"
            )
        return
    for direct in first:
        yield Use(direct.argument, "leading", spot, f"{_said(direct)} less something is a divisor")
    small = {s for s in _elements(flow, Spot(right, inner.function)) if s not in one}
    for name in small if one else ():
        yield Use(name, "small", spot, f"something with {name} is taken from a divisor")


def _call(flow: Flow, spot: Spot) -> Iterator[Use]:
    name = text_of(field(spot.node, "function")).removeprefix("std::").removeprefix("__builtin_")
    if name.removesuffix("f") in (*_POSITIVE, *_BOUNDED, *_UNIT, *_ANGLE):
        name = name.removesuffix("f")
    arguments = field(spot.node, "arguments")
    if arguments is None or not arguments.named_children:
        return
    given = Spot(arguments.named_children[0], spot.function)
    if name in _POSITIVE:
        if name == "sqrt" and (matrix := _factorised(flow, given)):
            why = "the square root of its diagonal less something is taken"
            yield Use(matrix, "symmetric_positive_definite", spot, why)
            return
        for resolved in flow.resolved(given):
            for direct in _numbers_added(flow, resolved):
                yield Use(direct.argument, "positive", spot, f"{name}() of something and {_said(direct)}")
            for direct in _floats(flow, flow.direct(resolved)):
                if not _square(resolved):
                    yield Use(direct.argument, "positive", spot, f"{name}() of {_said(direct)}")
    elif name in _UNIT:
        for direct in _floats(flow, flow.direct(given)):
            yield Use(direct.argument, "unit", spot, f"{name}() of {_said(direct)}")
    elif name in _BOUNDED:
        for argument in _numbers(flow, given):
            yield Use(argument, "bounded", spot, f"{name}() of something with {argument}")
    elif name in _ANGLE:
        for argument in _numbers(flow, given):
            yield Use(argument, "angle", spot, f"{name}() of something with {argument}")


def _numbers_added(flow: Flow, spot: Spot) -> list[Direct]:
    """Scalars, such as an epsilon, that a sum ends with."""
    if spot.node.type != "binary_expression" or text_of(field(spot.node, "operator")) != "+":
        return []
    sides = [field(spot.node, "left"), field(spot.node, "right")]
    found = [d for s in sides if s is not None for d in flow.direct(Spot(s, spot.function))]
    return [d for d in _floats(flow, found) if not d.element]


def _numbers(flow: Flow, spot: Spot) -> set[str]:
    """Floating arguments and elements that a value depends on."""
    found = set()
    for reached in flow.reaching(spot, 6):
        if reached.node.type in (
            "subscript_expression",
            "pointer_expression",
            "identifier",
            "field_expression",
        ):
            found |= {d.argument for d in _floats(flow, flow.direct(reached, 2))}
    return found


def _square(spot: Spot) -> bool:
    """`x * x`."""
    node = bare(spot.node)
    return (
        node is not None
        and node.type == "binary_expression"
        and text_of(field(node, "operator")) == "*"
        and plain(field(node, "left")) == plain(field(node, "right"))
    )


def _factorised(flow: Flow, given: Spot) -> str:
    """The matrix of whose diagonal, less something, a square root is taken; "" if it is no factorisation."""
    diagonal, less = "", False
    for reached in flow.reaching(given, 4):
        node = reached.node
        if node.type == "subscript_expression":
            names = flow.element_of(reached)
            plain = bare(given.node) is not None
            if names and plain and is_diagonal(node):
                diagonal = diagonal or sorted(names)[0]
    for operator in _operators(flow, given):
        less = less or operator in ("-", "-=")
    if not diagonal or not less:
        return ""
    # A factor that is written beside its matrix: the matrix is what was given.
    for value in (
        v for (_, name), vs in flow.assigned.items() if name == diagonal for op, v in vs if op == "[]"
    ):
        others = [n for n in _elements(flow, value) if n != diagonal]
        if others:
            return others[0]
    return diagonal


def _operators(flow: Flow, given: Spot) -> Iterator[str]:
    for reached in flow.reaching(given, 3):
        if reached.node.type == "binary_expression":
            yield text_of(field(reached.node, "operator"))
        if reached.node.type == "identifier":
            for operator, _ in flow.values_of(
                flow.variable(text_of(reached.node), reached.node, reached.function), reached.function
            ):
                yield operator
        if reached.node.type == "subscript_expression":
            base = base_name(reached.node)
            for node in every(flow.functions.get(reached.function)):
                if node.type == "assignment_expression" and base_name(field(node, "left")) == base:
                    yield text_of(field(node, "operator"))
