"""Which declaration a name belongs to: several variables of one function may have the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from hayate.new.syntax import declared_name


@dataclass(frozen=True)
class Scope:
    """Where a declaration of a name holds, in bytes."""

    first: int
    last: int
    variable: str


def scopes(function: Node, parameters: Sequence[str]) -> dict[str, list[Scope]]:
    """Of each name that is declared in a function, parameters left out: its scopes."""
    found: dict[str, list[Scope]] = {}
    stack: list[tuple[Node, Node]] = [(function, function)]
    while stack:
        node, around = stack.pop()
        if node.type == "declaration":
            for declarator in node.children_by_field_name("declarator"):
                name = declared_name(declarator)
                known = found.setdefault(name, [])
                taken = len(known) + (name in parameters)
                variable = f"{name}#{taken}" if taken else name
                known.append(Scope(node.start_byte, around.end_byte, variable))
        inner = node if node.type in ("compound_statement", "for_statement") else around
        stack += [(child, inner) for child in reversed(node.named_children)]
    return found
