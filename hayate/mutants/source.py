"""The text of a reference: its tree, its functions and macros, and the text again with some nodes changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node, Parser

from hayate.mutants.mutant import Change
from hayate.records.task import Language
from hayate.toolchains.source.nodes import every, grammar

# The grammar of C does not know complex numbers: two words that are one type become one word of the same length.
_COMPLEX = re.compile(rb"\b(?:(?:float|double)\s+_?[Cc]omplex|_Complex\s+(?:float|double))\b")
LOOPS = ("for_statement", "while_statement", "do_statement")
Tree = dict[int, list[Change]]


@dataclass(frozen=True)
class Macro:
    """Of a #define: `parameters` is None where it is no function."""

    parameters: tuple[str, ...] | None
    body: Node | None


class Source:
    """A text that was parsed once. The tree is of the text with complex types in one word."""

    def __init__(self, text: str, language: Language = "c") -> None:
        self.language = language
        self.data = text.encode()
        masked = _COMPLEX.sub(lambda m: re.sub(rb"\s", b"_", m[0]), self.data)
        self._tree = Parser(grammar(language)).parse(masked)
        self.root = self._tree.root_node

    def text(self, node: Node | None) -> str:
        """As it stands in the reference; "" of no node."""
        return "" if node is None else self.data[node.start_byte : node.end_byte].decode()

    def line(self, node: Node) -> int:
        return int(node.start_point[0]) + 1

    @cached_property
    def functions(self) -> dict[str, Node]:
        """All that are defined, by name."""
        found = {}
        for node in every(self.root):
            if node.type == "function_definition":
                name = function_name(node)
                if name is not None:
                    found[self.text(name)] = node
        return found

    @cached_property
    def macros(self) -> dict[str, Macro]:
        found = {}
        for node in every(self.root):
            if node.type in ("preproc_def", "preproc_function_def"):
                given = node.child_by_field_name("parameters")
                parameters = None
                if given is not None:
                    parameters = tuple(self.text(p) for p in given.named_children)
                name = self.text(node.child_by_field_name("name"))
                found[name] = Macro(parameters, node.child_by_field_name("value"))
        return found

    def render(self, changes: Mapping[int, list[Change]], node: Node | None = None) -> str:
        """The text of `node`, or all of it, with the changes in it."""
        return self._render(self.root, changes, whole=True) if node is None else self._render(node, changes)

    def _render(self, node: Node, changes: Mapping[int, list[Change]], whole: bool = False) -> str:
        at, end = (0, len(self.data)) if whole else (node.start_byte, node.end_byte)
        parts = []
        for child in node.children:
            parts.append(self.data[at : child.start_byte].decode())
            parts.append(self._render(child, changes))
            at = child.end_byte
        parts.append(self.data[at:end].decode())
        text = "".join(parts)
        for change in changes.get(node.id, ()):
            text = change(text)
        return text


def function_name(definition: Node) -> Node | None:
    """The name in a function's definition or declaration."""
    node = definition.child_by_field_name("declarator")
    while node is not None and node.type != "identifier":
        node = node.child_by_field_name("declarator") or next(
            (c for c in node.named_children if c.type.endswith("declarator")), None
        )
    return node


def parameters(definition: Node) -> list[Node]:
    """The declarations of a function's parameters."""
    node = definition.child_by_field_name("declarator")
    while node is not None and node.type != "function_declarator":
        node = node.child_by_field_name("declarator")
    listed = node.child_by_field_name("parameters") if node is not None else None
    return [] if listed is None else [c for c in listed.named_children if c.type == "parameter_declaration"]


def declared_name(declarator: Node | None) -> Node | None:
    """The identifier that a declarator gives a type to."""
    node = declarator
    while node is not None and node.type not in ("identifier", "field_identifier", "type_identifier"):
        if node.type == "function_declarator":
            return None
        node = node.child_by_field_name("declarator") or next(
            (
                c
                for c in node.named_children
                if c.type.endswith("declarator") or c.type.endswith("identifier")
            ),
            None,
        )
    return node


def strip(node: Node | None) -> Node | None:
    """What stands in parentheses."""
    while node is not None and node.type in ("parenthesized_expression", "condition_clause"):
        node = node.named_children[0] if node.named_children else None
    return node


def ancestors(node: Node) -> Iterator[Node]:
    """From the nearest on."""
    current = node.parent
    while current is not None:
        yield current
        current = current.parent
