"""The sizes of types that a source names itself: an array of 1,000 `real` is one of doubles where it says so."""

from __future__ import annotations

import re

from tree_sitter import Node

from hayate.toolchains.source.constants import Known, constant, known_type, type_bytes
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import declared

# What makes a type larger than its members say.
_WIDER = re.compile(r"attribute|alignas|_Alignas|\[\[")
_POINTER_BYTES = 8
_ALIGNED_MAX = 16
# Of a definition that is looked into: structures nest as deep as their writer likes.
_TEXT_MAX_BYTES = 4000
_DEPTH_MAX = 8


class Types:
    """Sizes by name, as the text goes: the first definition of a name counts."""

    def __init__(self) -> None:
        self._bytes: dict[str, int | None] = {}

    def learn(self, node: Node, known: Known) -> None:
        """What a node says: `typedef double real;`, `using real = double;`, `struct pair { ... };`."""
        if node.end_byte - node.start_byte > _TEXT_MAX_BYTES:
            return
        if node.type == "type_definition":
            base = self.bytes_of(node.child_by_field_name("type"), known)
            for item in node.children_by_field_name("declarator"):
                name, size = self._declared(item, base, known)
                self._bytes.setdefault(name, None if _WIDER.search(text_of(node)) else size)
        elif node.type == "alias_declaration":
            kind = node.child_by_field_name("type")
            inner = kind.child_by_field_name("type") if kind is not None else None
            plain = kind is not None and kind.named_child_count == 1
            size = self.bytes_of(inner, known) if plain else None
            self._bytes.setdefault(text_of(node.child_by_field_name("name")), size)
        elif node.type in ("struct_specifier", "union_specifier", "class_specifier"):
            name = text_of(node.child_by_field_name("name"))
            if name and node.child_by_field_name("body") is not None:
                size = self._struct_bytes(node, known)
                self._bytes.setdefault(f"{node.type[:-10]} {name}", size)
                self._bytes.setdefault(name, size)

    def bytes_of(self, kind: Node | None, known: Known, depth: int = 0) -> int | None:
        """The size of one value of a type, None where it is not known."""
        if kind is None or depth > _DEPTH_MAX or kind.end_byte - kind.start_byte > _TEXT_MAX_BYTES:
            return None
        if kind.child_by_field_name("body") is not None:
            return (
                self._struct_bytes(kind, known, depth) if kind.type.startswith(("struct", "union")) else None
            )
        text = " ".join(text_of(kind).split())
        if text in self._bytes:
            return self._bytes[text]
        return type_bytes(text) if known_type(text) else None

    def _declared(self, item: Node, base: int | None, known: Known) -> tuple[str, int | None]:
        name, lengths, pointer = declared(item)
        size = _POINTER_BYTES if pointer else base
        for length in lengths:
            count = constant(length, known)
            size = None if size is None or count is None or count < 0 else size * count
        return name, size

    def _struct_bytes(self, node: Node, known: Known, depth: int = 0) -> int | None:
        body = node.child_by_field_name("body")
        if body is None or _WIDER.search(text_of(node)):
            return None
        total = widest = 0
        for field in body.named_children:
            if field.type != "field_declaration":
                if field.type in ("comment", "function_definition", "access_specifier"):
                    continue
                return None
            base = self.bytes_of(field.child_by_field_name("type"), known, depth + 1)
            for item in field.children_by_field_name("declarator"):
                name, size = self._declared(item, base, known)
                if size is None or not name:
                    return None
                aligned = min(_ALIGNED_MAX, _POINTER_BYTES if base is None else base or 1)
                total = max(total, size) if node.type == "union_specifier" else _up(total, aligned) + size
                widest = max(widest, aligned)
        return _up(total, widest or 1)


def _up(size: int, unit: int) -> int:
    return -(-size // unit) * unit
