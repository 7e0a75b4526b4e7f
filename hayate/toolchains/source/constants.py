"""Integer expressions that are constant, and the sizes of types: what an array's length comes to."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Protocol

from tree_sitter import Node

from hayate.toolchains.source.nodes import text_of

_SIZES = {"char": 1, "short": 2, "int": 4, "unsigned": 4, "signed": 4, "float": 4, "_Bool": 1, "bool": 1} | {
    f"{sign}int{bits}_t": bits // 8 for sign in ("", "u") for bits in (8, 16, 32)
}
_EIGHT_BYTES = {"double", "long", "size_t", "int64_t", "uint64_t", "ptrdiff_t", "intptr_t", "uintptr_t"}
WIDEST_BYTES = 64  # of a vector
_VALUE_MAX = 1 << 62
_ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}
# What is below zero in an expression with these wraps round in the compiler, and not here.
_UNSIGNED = re.compile(r"\b\d\w*[uU]|unsigned|sizeof|size_t|uint\d+_t|uintptr_t")
_WORDS = {"and": "&&", "or": "||", "bitand": "&", "bitor": "|", "xor": "^", "not_eq": "!="}
_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "%": lambda a, b: abs(a) % abs(b) * (-1 if a < 0 else 1),
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
}
_UNARY: dict[str, Callable[[int], int]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "!": operator.not_,
    "not": operator.not_,
    "compl": operator.invert,
}


class Known(Protocol):
    """The values of names, as a dictionary gives them."""

    def get(self, name: str, /) -> int | None: ...


def type_bytes(text: str) -> int:
    """The size of one element of a type, at most 64: typedefs are taken for the widest vector."""
    words = set(text.split())
    if {"long", "double"} <= words:
        return 16
    if words & _EIGHT_BYTES:
        return 8
    return max((_SIZES[word] for word in words & _SIZES.keys()), default=WIDEST_BYTES)


def known_type(text: str) -> bool:
    """Whether `type_bytes` knows the type by its name."""
    return bool((_SIZES.keys() | _EIGHT_BYTES) & set(text.split()))


def constant(node: Node | None, known: Known) -> int | None:
    """The value of an integer expression, if it is constant given `known` and this reader can work it out."""
    if node is None:
        return None
    return _Evaluation(known, wraps=bool(_UNSIGNED.search(text_of(node)))).of(node, 40)


class _Evaluation:
    def __init__(self, known: Known, wraps: bool) -> None:
        self._known = known
        self._wraps = wraps

    def of(self, node: Node | None, depth: int) -> int | None:
        if node is None or depth == 0:
            return None
        value = self._value(node, depth)
        if value is None or abs(value) >= _VALUE_MAX or (value < 0 and self._wraps):
            return None
        return int(value)

    def _value(self, node: Node, depth: int) -> int | None:
        kind = node.type
        if kind == "number_literal":
            return _number(text_of(node))
        if kind == "char_literal":
            return _character(text_of(node))
        if kind in ("true", "false"):
            return int(kind == "true")
        if kind == "identifier":
            return self._known.get(text_of(node))
        if kind == "parenthesized_expression" and node.named_child_count == 1:
            return self.of(node.named_children[0], depth - 1)
        if kind == "cast_expression":
            return self._cast(node, depth)
        if kind == "sizeof_expression":
            of = text_of(node.child_by_field_name("type"))
            return 8 if "*" in of else type_bytes(of) if known_type(of) and "[" not in of else None
        if kind == "conditional_expression":
            chosen = self.of(node.child_by_field_name("condition"), depth - 1)
            if chosen is None:
                return None
            return self.of(node.child_by_field_name("consequence" if chosen else "alternative"), depth - 1)
        if kind == "unary_expression":
            act = _UNARY.get(text_of(node.child_by_field_name("operator")))
            operand = self.of(node.child_by_field_name("argument"), depth - 1)
            return None if act is None or operand is None else act(operand)
        if kind == "binary_expression":
            left = self.of(node.child_by_field_name("left"), depth - 1)
            right = self.of(node.child_by_field_name("right"), depth - 1)
            sign = text_of(node.child_by_field_name("operator"))
            return None if left is None or right is None else _binary(_WORDS.get(sign, sign), left, right)
        return None

    def _cast(self, node: Node, depth: int) -> int | None:
        value = self.of(node.child_by_field_name("value"), depth - 1)
        kind = text_of(node.child_by_field_name("type"))
        if value is None or not known_type(kind) or "*" in kind or "float" in kind or "double" in kind:
            return None
        bits = 8 * type_bytes(kind)
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            return None  # some of it is cut off
        return value


def _number(text: str) -> int | None:
    digits = text.replace("'", "").rstrip("uUlLzZ")
    if len(digits) >= 20:
        return None
    try:
        return int(digits, 8 if digits[:1] == "0" and digits.isdigit() else 0)
    except ValueError:
        return None


def _character(text: str) -> int | None:
    inside = text[1:-1]
    if len(inside) == 1 and text[0] == "'":
        return ord(inside) if inside < "\x80" else None
    if len(inside) == 2 and inside[0] == "\\":
        escaped = inside[1]
        return int(escaped, 8) if escaped in "01234567" else _ESCAPES.get(escaped, ord(escaped))
    return None


def _binary(sign: str, left: int, right: int) -> int | None:
    act = _OPERATORS.get(sign)
    if act is None or (sign in ("/", "%") and right == 0):
        return None
    if sign in ("<<", ">>") and not 0 <= right < 62:
        return None
    return act(left, right)
