"""Where values come from: assignments and calls, followed back to the arguments of the entry.

Flow-insensitive, and on the text after the preprocessor. It serves to guess; what it says is tried out afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from hayate.new.read import Found
from hayate.new.scopes import scopes
from hayate.new.syntax import bare, declared_name, field, function_head
from hayate.new.unsupported import base_name
from hayate.toolchains.source.nodes import every, text_of

_DEPTH = 12
_INTEGERS = ("int", "uint")


@dataclass(frozen=True)
class Spot:
    """An expression and the function that it stands in."""

    node: Node
    function: str


@dataclass(frozen=True)
class Direct:
    """An argument, or an element of it, that an expression is, up to sign and factors."""

    argument: str
    spot: Spot
    element: bool


class Flow:
    """Assignments of all functions that the entry needs."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.entry = found.function
        self.arguments = {p.name: p.type for p in found.parameters}
        self.functions: dict[str, Node] = {}
        self.parameters: dict[str, list[str]] = {}
        for node in found.functions:
            name = declared_name(field(node, "declarator"))
            self.functions[name] = node
            listed = field(function_head(node), "parameters")
            self.parameters[name] = [
                declared_name(field(p, "declarator"))
                for p in (listed.named_children if listed is not None else [])
                if p.type == "parameter_declaration"
            ]
        # (function, variable) -> what it is assigned, by which operator; "[]": what one of its elements is.
        self.assigned: dict[tuple[str, str], list[tuple[str, Spot]]] = {}
        self._scopes = {name: scopes(node, self.parameters[name]) for name, node in self.functions.items()}
        for name, node in self.functions.items():
            self._collect(name, node)

    def nodes(self) -> Iterator[Spot]:
        """Every node of every function."""
        for name, node in self.functions.items():
            for inner in every(node):
                yield Spot(inner, name)

    def is_argument(self, name: str, function: str) -> bool:
        return function == self.entry and name in self.arguments and name in self.parameters[self.entry]

    def is_integer(self, name: str) -> bool:
        kind = self.arguments.get(name)
        return kind is not None and kind.dtype.startswith(_INTEGERS)

    def _note(self, function: str, variable: str, operator: str, value: Node | None, where: str) -> None:
        if variable and value is not None:
            self.assigned.setdefault((function, variable), []).append((operator, Spot(value, where)))

    def _collect(self, name: str, function: Node) -> None:
        for node in every(function):
            if node.type == "init_declarator":
                declared = declared_name(field(node, "declarator"))
                variable = self.variable(declared, node, name)
                self._note(name, variable, "=", field(node, "value"), name)
            elif node.type == "assignment_expression":
                left = bare(field(node, "left"))
                operator = text_of(field(node, "operator"))
                plain = left is not None and left.type == "identifier"
                variable = self.variable(base_name(left), node, name)
                self._note(name, variable, operator if plain else "[]", field(node, "right"), name)
            elif node.type == "update_expression":
                left = bare(field(node, "argument"))
                if left is not None and left.type == "identifier":
                    self._note(name, self.variable(text_of(left), left, name), "++", left, name)
            elif node.type == "call_expression":
                called = text_of(field(node, "function"))
                given = field(node, "arguments")
                if called in self.parameters and given is not None:
                    values = [c for c in given.named_children if c.type != "comment"]
                    for parameter, value in zip(self.parameters[called], values, strict=False):
                        self._note(called, parameter, "=", value, name)

    def variable(self, name: str, node: Node, function: str) -> str:
        """The variable that a name stands for at a place: a second one of that name is called "name#1"."""
        inner = [s for s in self._scopes[function].get(name, ()) if s.first <= node.start_byte < s.last]
        return max(inner, key=lambda scope: scope.first).variable if inner else name

    def values_of(self, name: str, function: str) -> list[tuple[str, Spot]]:
        """What a variable that is no argument of the entry is assigned."""
        return self.assigned.get((function, name), [])

    def array_of(self, spot: Spot, depth: int = _DEPTH) -> set[str]:
        """The array arguments that a pointer, or an element, may belong to."""
        node = bare(spot.node)
        if node is None or depth == 0:
            return set()
        if node.type == "identifier":
            name = self.variable(text_of(node), node, spot.function)
            if self.is_argument(name, spot.function):
                return {name} if self.arguments[name].pointer else set()
            found = set()
            for operator, value in self.values_of(name, spot.function):
                if operator == "=" and not self._is_element(value):
                    found |= self.array_of(value, depth - 1)
            return found
        found = set()
        if node.type == "binary_expression" and text_of(field(node, "operator")) in "+-":
            sides = [field(node, "left"), field(node, "right")]
        elif node.type == "conditional_expression":
            sides = [field(node, "consequence"), field(node, "alternative")]
        elif node.type in (
            "subscript_expression",
            "pointer_expression",
            "field_expression",
            "update_expression",
        ):
            sides = [field(node, "argument")]
        elif node.type == "assignment_expression":
            sides = [field(node, "right")]
        else:
            sides = []
        for side in sides:
            if side is not None and not (
                node.type == "binary_expression" and self._is_element(Spot(side, ""))
            ):
                found |= self.array_of(Spot(side, spot.function), depth - 1)
        return found

    @staticmethod
    def _is_element(spot: Spot) -> bool:
        """Whether it reads an element, rather than pointing to one. Rows of arrays of arrays count as elements."""
        node = bare(spot.node)
        return node is not None and (
            node.type == "subscript_expression"
            or (node.type == "pointer_expression" and text_of(node).startswith("*"))
        )

    def element_of(self, spot: Spot) -> set[str]:
        """The arrays of which the expression is an element; empty if it is none."""
        node = bare(spot.node)
        while node is not None and node.type == "field_expression":
            node = bare(field(node, "argument"))
        if node is None or not self._is_element(Spot(node, "")):
            return set()
        return self.array_of(Spot(node, spot.function))

    def moves(self, spot: Spot) -> bool:
        """Whether it is a pointer into an array argument, and no element."""
        return bool(self.array_of(spot)) and not self.element_of(spot)

    def direct(self, spot: Spot, depth: int = _DEPTH) -> list[Direct]:
        """The arguments that an expression is, up to sign, factors and divisors."""
        node = bare(spot.node)
        if node is None or depth == 0:
            return []
        elements = self.element_of(spot)
        if elements:
            return [Direct(name, Spot(node, spot.function), True) for name in elements]
        if node.type == "identifier":
            name = self.variable(text_of(node), node, spot.function)
            if self.is_argument(name, spot.function):
                return [Direct(name, Spot(node, spot.function), False)]
            values = self.values_of(name, spot.function)
            if any(operator not in ("=",) for operator, _ in values):
                return []
            return [d for _, value in values for d in self.direct(value, depth - 1)]
        if node.type == "field_expression":
            name = base_name(node)
            member = text_of(field(node, "field"))
            if self.is_argument(name, spot.function):
                return [Direct(f"{name}.{member}", Spot(node, spot.function), False)]
            return []
        if node.type == "unary_expression" and text_of(field(node, "operator")) in "-+":
            return self.direct(Spot(field(node, "argument") or node, spot.function), depth - 1)
        if node.type == "binary_expression" and text_of(field(node, "operator")) in "*/":
            sides = [field(node, "left"), field(node, "right")]
            return [d for s in sides if s is not None for d in self.direct(Spot(s, spot.function), depth - 1)]
        return []

    def resolved(self, spot: Spot, depth: int = 4) -> list[Spot]:
        """The expression, or what the local variable or element of a local array that it is was assigned."""
        node = bare(spot.node)
        if node is None:
            return []
        here = Spot(node, spot.function)
        name = base_name(node) if node.type in ("identifier", "subscript_expression") else ""
        name = self.variable(name, node, spot.function)
        if not name or depth == 0:
            return [here]
        argument = self.is_argument(name, spot.function)
        values = self.assigned.get((spot.function, name), [])
        if argument:  # what is moved within an array, by a swap, is no new value
            values = [(op, v) for op, v in values if (bare(v.node) or v.node).type == "binary_expression"]
        wanted = [v for operator, v in values if operator == ("[]" if node.type != "identifier" else "=")]
        if argument and not wanted:
            return [here]
        found = [here] if argument else []
        for value in wanted[:8]:
            found += self.resolved(value, depth - 1)
        return found or [here]

    def reaching(self, spot: Spot, depth: int = _DEPTH, seen: set[int] | None = None) -> Iterator[Spot]:
        """Every node that the value depends on, through variables however they are assigned. Conditions are not."""
        seen = set() if seen is None else seen
        for node in every(spot.node):
            if node.id in seen:
                continue
            seen.add(node.id)
            yield Spot(node, spot.function)
            if node.type == "identifier" and depth > 0:
                name = self.variable(text_of(node), node, spot.function)
                for _, value in self.values_of(name, spot.function):
                    yield from self.reaching(value, depth - 1, seen)

    def integers_of(self, spot: Spot, depth: int = _DEPTH, seen: set[int] | None = None) -> set[str]:
        """Integer arguments that an index or a bound is computed from. What is masked or reduced is not followed."""
        seen = set() if seen is None else seen
        found: set[str] = set()
        stack = [spot.node]
        while stack:
            node = stack.pop()
            if node.id in seen:
                continue
            seen.add(node.id)
            if node.type == "binary_expression" and text_of(field(node, "operator")) in ("%", "&", ">>", "^"):
                right, left = field(node, "right"), field(node, "left")
                if text_of(field(node, "operator")) == ">>" or text_of(field(node, "operator")) == "&":
                    stack += [n for n in (left, right) if n is not None and _small(n)]
                elif right is not None:
                    stack.append(right)
                continue
            if node.type == "field_expression":
                name = f"{base_name(node)}.{text_of(field(node, 'field'))}"
                if self.is_argument(base_name(node), spot.function):
                    found.add(name)
                    continue
            if node.type == "identifier":
                name = self.variable(text_of(node), node, spot.function)
                if self.is_argument(name, spot.function):
                    if self.is_integer(name) and not self.arguments[name].pointer:
                        found.add(name)
                    continue
                if depth > 0:
                    for operator, value in self.values_of(name, spot.function):
                        if operator != "[]" and not _is_float(self, name, spot.function):
                            found |= self.integers_of(value, depth - 1, seen)
                continue
            if self._is_element(Spot(node, "")) and depth < _DEPTH:
                continue  # what an array holds is no size
            stack += node.named_children
        return found


def subscript(node: Node) -> Node | None:
    """The index of a subscript, in either grammar."""
    index = field(node, "index")
    if index is None:
        listed = field(node, "indices")
        index = listed.named_children[0] if listed is not None and listed.named_children else None
    return index


def _small(node: Node) -> bool:
    return node.type != "number_literal"


def _is_float(flow: Flow, name: str, function: str) -> bool:
    """Whether a local variable is declared with a floating type."""
    node = flow.functions.get(function)
    name = name.partition("#")[0]
    for inner in every(node):
        declares = inner.type in ("declaration", "parameter_declaration")
        if declares and name in [declared_name(d) for d in inner.children_by_field_name("declarator")]:
            return text_of(field(inner, "type")) in ("double", "float")
    return False
