"""Which integer arguments are sizes, leading dimensions or plain numbers, read from loops and subscripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from hayate.new.dataflow import Flow, Spot, subscript
from hayate.new.indices import polynomial
from hayate.new.polynomials import Polynomial
from hayate.new.syntax import LOOPS, bare
from hayate.new.syntax import field as part
from hayate.toolchains.source.nodes import every, text_of

_COPIES = ("memcpy", "memset", "memmove", "__builtin_memcpy", "__builtin_memset")
_ALLOCATES = ("malloc", "calloc", "alloca", "aligned_alloc", "realloc", "__builtin_alloca")
_LEADING = ("ld", "inc", "stride", "pitch")
_DOUBLED = re.compile(r"\*= *2$|<<= *1$|= *\w+ *\* *2$|= *2 *\* *\w+$|= *\w+ *<< *1$")
_HALVED = re.compile(r"/= *2$|>>= *1$|= *\w+ */ *2$|= *\w+ *>> *1$")


@dataclass(frozen=True)
class Integer:
    """An integer argument, or an integer member of a struct of scalars."""

    name: str  # as a task draws it
    argument: str
    member: str  # "" where it is the argument itself
    dtype: str


@dataclass
class Sizes:
    """Integers by what they do; each with the node that shows it."""

    integers: dict[str, Integer] = field(default_factory=dict)
    loops: dict[str, Spot] = field(default_factory=dict)  # bound a loop
    subscripts: dict[str, Spot] = field(default_factory=dict)
    declared: dict[str, Spot] = field(default_factory=dict)  # length of an array or of scratch memory
    offsets: set[str] = field(default_factory=set)  # added to a subscript, never multiplied
    powers: dict[str, Spot] = field(default_factory=dict)
    logs: set[str] = field(default_factory=set)  # bound a loop that doubles, or a recursion
    limits: set[str] = field(default_factory=set)  # compared with something that is no loop's variable
    bounds: list[Polynomial] = field(default_factory=list)  # of loops, over sizes

    @property
    def strides(self) -> list[str]:
        """Leading dimensions and increments: in subscripts, in no loop's bound."""
        seen = [*self.subscripts, *(n for n in self.declared if n not in self.subscripts)]
        return [
            n
            for n in self.integers
            if n in seen
            and n not in self.loops
            and n not in self.offsets
            and (n not in self.limits or n.lower().startswith(_LEADING))
        ]

    @property
    def sizes(self) -> list[str]:
        return [
            n
            for n in self.integers
            if n not in self.strides and (n in self.loops or n in self.declared or n in self.subscripts)
        ]

    @property
    def unused(self) -> list[str]:
        """Those that neither bound a loop nor stand in a subscript."""
        return [n for n in self.integers if n not in self.strides and n not in self.sizes]

    def renamed(self, polynomial: Polynomial) -> Polynomial:
        """With the drawn names of members of structs."""
        names = {f"{i.argument}.{i.member}": n for n, i in self.integers.items() if i.member}

        def renamed(name: str) -> str:
            for source, drawn in names.items():
                name = name.replace(source, drawn)
            return name

        terms = {tuple(sorted(renamed(n) for n in p)): c for p, c in polynomial.terms}
        return Polynomial(tuple(sorted(terms.items(), key=lambda t: (-len(t[0]), t[0]))))


def sizes_of(flow: Flow) -> Sizes:
    """Read loops, subscripts and declarations of all functions."""
    found = Sizes()
    for parameter in flow.found.parameters:
        kind = parameter.type
        if kind.dtype.startswith(("int", "uint")) and not kind.pointer:
            found.integers[parameter.name] = Integer(parameter.name, parameter.name, "", kind.dtype)
        elif kind.members and (not kind.pointer or kind.single):
            for member in kind.members:
                if member.dtype.startswith(("int", "uint")):
                    taken = {p.name for p in flow.found.parameters} | set(found.integers)
                    plain = member.name.replace(".", "_").replace("[", "").replace("]", "")
                    name = plain if plain not in taken else f"{parameter.name}_{plain}"
                    found.integers[name] = Integer(name, parameter.name, member.name, member.dtype)
    by_source = {f"{i.argument}.{i.member}" if i.member else n: n for n, i in found.integers.items()}

    def note(spot: Spot | None, into: dict[str, Spot]) -> None:
        if spot is not None:
            for source in flow.integers_of(spot):
                if source in by_source:
                    into.setdefault(by_source[source], spot)

    multiplied: set[str] = set()
    for spot in flow.nodes():
        node, function = spot.node, spot.function
        if node.type in LOOPS:
            for bound in _bounds(node):
                note(Spot(bound, function), found.loops)
                length = polynomial(flow, Spot(bound, function))
                if length.known and length.names:
                    found.bounds.append(found.renamed(length))
            _powers(flow, spot, found, note)
        elif node.type == "subscript_expression":
            index = subscript(node)
            if index is not None:
                note(Spot(index, function), found.subscripts)
                multiplied |= _multiplied(flow, Spot(index, function), by_source)
        elif node.type == "binary_expression" and text_of(part(node, "operator")) in "+-":
            if flow.array_of(spot):
                for side in (part(node, "left"), part(node, "right")):
                    if side is not None and not flow.array_of(Spot(side, function)):
                        note(Spot(side, function), found.subscripts)
                        multiplied |= _multiplied(flow, Spot(side, function), by_source)
        elif node.type == "assignment_expression" and text_of(part(node, "operator")) in ("+=", "-="):
            left, right = part(node, "left"), part(node, "right")
            if left is not None and right is not None and flow.moves(Spot(left, function)):
                note(Spot(right, function), found.subscripts)
                sources = flow.integers_of(Spot(right, function))
                multiplied |= {by_source[source] for source in sources if source in by_source}
        elif node.type == "array_declarator":
            size = part(node, "size")
            if size is not None:
                note(Spot(size, function), found.declared)
        elif node.type == "call_expression":
            called = text_of(part(node, "function"))
            arguments = part(node, "arguments")
            if arguments is not None and called in (*_COPIES, *_ALLOCATES):
                for argument in arguments.named_children[0 if called in _ALLOCATES else 2 :]:
                    note(Spot(argument, function), found.declared if called in _ALLOCATES else found.loops)
        if node.type in ("if_statement", "conditional_expression"):
            condition = part(node, "condition")
            if condition is not None:
                limits: dict[str, Spot] = {}
                note(Spot(condition, function), limits)
                found.limits |= set(limits)
        if node.type == "if_statement" and _recursive(flow.functions.get(function), function):
            condition = part(node, "condition")
            note(Spot(condition, function) if condition is not None else None, found.loops)
            if condition is not None:
                found.logs |= flow.integers_of(Spot(condition, function)) & set(found.integers)
        elif node.type == "binary_expression" and text_of(part(node, "operator")) == "&":
            _masks(flow, spot, found, by_source)
    found.offsets = {n for n in found.subscripts if n not in multiplied and n not in found.declared}
    return found


def _recursive(function: Node | None, name: str) -> bool:
    return any(n.type == "call_expression" and text_of(part(n, "function")) == name for n in every(function))


def _bounds(loop: Node) -> Iterator[Node]:
    """What a loop's number of rounds depends on: its condition's operands, and where it starts."""
    condition = bare(part(loop, "condition"))
    if condition is not None:
        stack = [condition]
        while stack:
            node = stack.pop()
            if node.type == "binary_expression":
                stack += [n for n in (part(node, "left"), part(node, "right")) if n is not None]
                if text_of(part(node, "operator")) in ("<", "<=", ">", ">=", "!=", "&&", "||"):
                    continue
            yield node
    initial = part(loop, "initializer")
    for node in every(initial):
        value = part(node, "value") if node.type == "init_declarator" else None
        if node.type == "assignment_expression":
            value = part(node, "right")
        if value is not None:
            yield value


def _multiplied(flow: Flow, spot: Spot, by_source: dict[str, str]) -> set[str]:
    """Names that an index holds other than as a plain term of it."""
    index = polynomial(flow, spot)
    plain = {p[0] for p, c in index.terms if len(p) == 1 and abs(c) == 1}
    inner = {n for p, _ in index.terms for n in p if len(p) > 1}
    hidden = {s for s in flow.integers_of(spot) if s not in plain}
    return {by_source[n] for n in inner | hidden if n in by_source}


def _powers(flow: Flow, spot: Spot, found: Sizes, note: object) -> None:
    """Loops whose variable doubles up to a size: the size is a power of two, unless something is cut off at it."""
    loop, function = spot.node, spot.function
    body = part(loop, "body")
    condition = text_of(part(loop, "condition"))
    update = part(loop, "update")
    steps = [update] if update is not None else []
    if loop.type != "for_statement" and body is not None:
        steps = [n for n in every(body) if n.type == "assignment_expression"]
    for step in steps:
        text = text_of(step)
        variable = re.match(r"\w+", text)
        if variable is None or not (_DOUBLED.search(text) or _HALVED.search(text)):
            continue
        named = {n for b in _bounds(loop) for n in flow.integers_of(Spot(b, function))} & set(found.integers)
        in_index = any(
            n.type == "subscript_expression" and re.search(rf"\b{variable[0]}\b", text_of(subscript(n)))
            for n in every(body)
        )
        if variable[0] not in condition and update is None:
            continue
        found.logs |= named
        for name in named:
            cut = any(
                n.type in ("conditional_expression", "if_statement")
                and re.search(rf"\b{name}\b", text_of(part(n, "condition")))
                for n in every(body)
            ) or re.search(rf"\bmin\w*\s*\([^)]*\b{name}\b", text_of(body), re.I)
            if not cut and (in_index or _DOUBLED.search(text)):
                found.powers.setdefault(name, spot)


def _masks(flow: Flow, spot: Spot, found: Sizes, by_source: dict[str, str]) -> None:
    """`x & (n - 1)`."""
    for side in (part(spot.node, "left"), part(spot.node, "right")):
        inner = bare(side)
        if inner is not None and inner.type == "binary_expression":
            mask = polynomial(flow, Spot(inner, spot.function))
            names = [n for n in mask.names if n in by_source]
            if len(names) == 1 and mask == Polynomial.of(names[0]) - Polynomial.number(1):
                found.powers.setdefault(by_source[names[0]], spot)
