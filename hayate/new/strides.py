"""Lengths that are declared, and what the variables of loops are multiplied with in subscripts."""

from __future__ import annotations

from hayate.new.dataflow import Flow, Spot
from hayate.new.indices import offset, polynomial
from hayate.new.polynomials import Polynomial
from hayate.new.sizes import Sizes
from hayate.new.syntax import bare, declared_name
from hayate.new.syntax import field as part
from hayate.toolchains.source.nodes import every, text_of


def declared_lengths(flow: Flow) -> dict[str, list[Polynomial]]:
    """Of parameters such as `double A[n][m]`: the lengths inside the brackets, the outermost left out."""
    found: dict[str, list[Polynomial]] = {}
    function = flow.functions.get(flow.entry)
    for node in every(function):
        if node.type != "parameter_declaration":
            continue
        declarator = part(node, "declarator")
        name = declared_name(declarator)
        lengths: list[Polynomial] = []
        pointer = False
        inner = declarator
        while inner is not None and name in flow.arguments:
            if inner.type == "array_declarator":
                size = part(inner, "size")
                lengths.append(
                    polynomial(flow, Spot(size, flow.entry)) if size is not None else Polynomial.number(0)
                )
            elif inner.type == "pointer_declarator":
                pointer = True
            step = part(inner, "declarator")
            if step is None and inner.type == "parenthesized_declarator":
                step = next((c for c in inner.named_children if "declarator" in c.type), None)
            inner = step
        lengths.reverse()
        if lengths:
            found[name] = lengths if pointer else lengths[1:]
    return found


def declared_outer(flow: Flow) -> dict[str, int]:
    """Of parameters such as `const uint32_t table[256]`: the number in the outermost brackets."""
    found: dict[str, int] = {}
    for node in every(flow.functions.get(flow.entry)):
        if node.type == "array_declarator" and bare(part(node, "declarator")) is not None:
            inner = part(node, "declarator")
            name = text_of(inner)
            size = part(node, "size")
            if (
                inner is not None
                and inner.type == "identifier"
                and name in flow.arguments
                and size is not None
            ):
                length = polynomial(flow, Spot(size, flow.entry)).constant
                if length:
                    found[name] = length
    return found


def strides_of(flow: Flow, sizes: Sizes) -> dict[str, set[Polynomial]]:
    """Of each flat array: what its loops' variables are multiplied with in its subscripts."""
    found: dict[str, set[Polynomial]] = {}
    for spot in flow.nodes():
        if spot.node.type not in ("subscript_expression", "pointer_expression"):
            continue
        way = offset(flow, spot)
        if way is None:
            continue
        for variable, coefficient in way[1].coefficients().items():
            for step in _steps(flow, variable):
                _add(found, sizes, way[0], coefficient * step)
    for (function, variable), values in flow.assigned.items():
        for operator, value in values:
            step = polynomial(flow, value) if operator == "+=" else Polynomial.number(0)
            for _, start in values:
                for name in flow.array_of(start) if step.known and step.names else ():
                    if name != variable or function == flow.entry:
                        _add(found, sizes, name, step)
    return found


def _steps(flow: Flow, variable: str) -> list[Polynomial]:
    """What a variable grows by: `ix += incx`; 1 where nothing says so."""
    function, _, name = variable.removeprefix("?").partition(":")
    steps = [polynomial(flow, v) for op, v in flow.assigned.get((function, name), []) if op == "+="]
    return [s for s in steps if s.known and s.names] or [Polynomial.number(1)]


def _add(found: dict[str, set[Polynomial]], sizes: Sizes, name: str, stride: Polynomial) -> None:
    if stride.known and (stride.names or (stride.constant or 0) > 1):
        found.setdefault(name, set()).add(sizes.renamed(stride))
