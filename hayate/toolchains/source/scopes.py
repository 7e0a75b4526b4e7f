"""Which names of a text stand for constant integers, function by function."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from hayate.records import Language
from hayate.toolchains.source.constants import constant
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import declared

_LENGTH_OF_A_TYPE = (
    "offsetof",
    "__builtin_offsetof",
    "__builtin_choose_expr",
    "__builtin_types_compatible_p",
)


class Scope:
    """The names of the file, and of one function in it: what a function declares hides the file's."""

    def __init__(self, file: Scope | None = None) -> None:
        self._file = file
        self._values: dict[str, int | None] = {}  # None: constant, but of no value that is known here
        self._variables: set[str] = set()

    def get(self, name: str) -> int | None:
        """The value of a name, None if it is none or is not known."""
        if name in self._variables:
            return None
        if name in self._values or self._file is None:
            return self._values.get(name)
        return self._file.get(name)

    def note(self, name: str, value: int | None) -> None:
        """A constant; of two with one name the value is not known, whatever part of the function each is for."""
        same = name not in self._values or self._values[name] == value
        self._values[name] = value if same else None

    def note_variable(self, name: str) -> None:
        self._variables.add(name)

    def varies(self, length: Node | None) -> bool:
        """Whether a length depends on what is only known when the program runs."""
        stack = [length] if length is not None else []
        while stack:
            node = stack.pop()
            if node.type == "identifier" and self._is_variable(text_of(node)):
                return True
            if node.type == "call_expression":
                if text_of(node.child_by_field_name("function")) not in _LENGTH_OF_A_TYPE:
                    return True
            elif node.type in ("subscript_expression", "pointer_expression", "field_expression"):
                return True
            elif node.type not in ("sizeof_expression", "offsetof_expression", "alignof_expression"):
                stack.extend(node.named_children)
        return False

    def _is_variable(self, name: str) -> bool:
        if name in self._variables:
            return True
        return name not in self._values and self._file is not None and self._file._is_variable(name)


def learn(node: Node, scope: Scope, language: Language, at_file_scope: bool) -> None:
    """What one node of the tree says about names; nodes come in the order of the text."""
    if node.type == "enumerator":
        scope.note(
            text_of(node.child_by_field_name("name")), constant(node.child_by_field_name("value"), scope)
        )
    elif node.type == "template_parameter_list":
        for one in node.named_children:
            scope.note(text_of(one.child_by_field_name("declarator")), None)
    elif node.type == "declaration":
        words = {text_of(child) for child in node.children if child.type == "type_qualifier"}
        fixed = bool(words & {"const", "constexpr"}) and "volatile" not in words
        for item in node.children_by_field_name("declarator"):
            value = item.child_by_field_name("value") if item.type == "init_declarator" else None
            for name in _declared(item):
                if fixed and value is not None and (language == "c++" or not scope.varies(value)):
                    scope.note(name, constant(value, scope))
                else:
                    scope.note_variable(name)
    elif node.type == "parameter_declaration" and not at_file_scope:
        for name in _declared(node.child_by_field_name("declarator")):
            scope.note_variable(name)


def _declared(item: Node | None) -> Iterator[str]:
    if item is not None and item.type == "init_declarator":
        item = item.child_by_field_name("declarator")
    name, _, _ = declared(item)
    if name:
        yield name
