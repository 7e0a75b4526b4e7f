"""Choices between numbers that are no branches: the larger of two, an absolute value, a value from either side.

Where rounding could turn the condition, both values are within the result's error, and nothing need be left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tree_sitter import Node

from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import walk

_IMPURE = {
    "assignment_expression",
    "update_expression",
    "comma_expression",
    "gnu_asm_expression",
    "lambda_expression",
}
_DEREFERENCES = {"subscript_expression", "pointer_expression", "field_expression", "call_expression"}
_NESTED_MAX = 4  # of choices within one's arms: their text stands three times
Render = Callable[[Node], str]


def bare(node: Node | None) -> Node | None:
    """The expression without the parentheses around it."""
    while node is not None and node.type == "parenthesized_expression" and node.named_child_count == 1:
        node = node.named_children[0]
    return node


def _same(node: Node | None) -> str:
    """The text by which two expressions are the same: no blanks, no outer parentheses, literals by value."""
    node = bare(node)
    text = re.sub(r"\s+", "", text_of(node))
    try:
        return repr(float(text.rstrip("fF"))) if node is not None and node.type == "number_literal" else text
    except ValueError:
        return text


def _relation(condition: Node | None) -> tuple[str, Node, Node] | None:
    node = bare(condition)
    if node is None or node.type != "binary_expression":
        return None
    operator = text_of(node.child_by_field_name("operator"))
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator not in ("<", ">", "<=", ">=") or left is None or right is None:
        return None
    return operator[0], left, right


class Choices:
    """Of one text: `changing` says of each function that it defines whether it could change what its caller sees."""

    def __init__(self, render: Render, changing: dict[str, bool]) -> None:
        self._render = render
        self._changing = changing

    def pure(self, node: Node | None) -> bool:
        if node is None:
            return False
        for each in walk(node):
            if each.type in _IMPURE:
                return False
            if each.type == "call_expression" and self._changing.get(
                text_of(each.child_by_field_name("function")), False
            ):
                return False
        return True

    def idiom(self, condition: Node | None, yes: Node | None, no: Node | None) -> str | None:
        """A maximum, a minimum or an absolute value as a call; None for any other choice."""
        relation = _relation(condition)
        if relation is None or not (self.pure(condition) and self.pure(yes) and self.pure(no)):
            return None
        operator, left, right = relation
        if operator == "<":
            left, right = right, left  # now: left > right
        big, small, first, second = _same(left), _same(right), _same(yes), _same(no)
        if {big, small} == {first, second}:
            name = "larger" if first == big else "smaller"
            return f"hy::{name}({self._render(left)}, {self._render(right)})"
        zero, other = ("0.0", big) if small == "0.0" else (big, small)
        positive = small == "0.0"
        if zero == "0.0" and (first, second) in (
            [(other, f"-{other}"), (other, f"-({other})")]
            if positive
            else [(f"-{other}", other), (f"-({other})", other)]
        ):
            return f"hy::absolute({self._render(left if positive else right)})"
        return None

    def joinable(self, condition: Node | None, *arms: Node | None) -> bool:
        """Whether the other arm may be looked at as well, where rounding could turn the condition."""
        if not self.pure(condition) or not all(self.pure(arm) for arm in arms):
            return False
        if _relation(condition) is not None:
            return True
        # Part of a longer condition may guard what an arm looks at.
        return not any(each.type in _DEREFERENCES for arm in arms if arm is not None for each in walk(arm))

    def expression(self, node: Node) -> str | None:
        """In place of a conditional expression within a function."""
        condition, yes, no = (
            node.child_by_field_name(f) for f in ("condition", "consequence", "alternative")
        )
        if yes is None or no is None or condition is None:
            return None
        if "NULL" in (_same(yes), _same(no)) or _nested(yes) + _nested(no) > _NESTED_MAX:
            return None
        found = self.idiom(condition, yes, no)
        if found is not None:
            return found
        return self._chosen(condition, yes, no)

    def _chosen(self, condition: Node, yes: Node, no: Node) -> str:
        c, a, b = (self._render(bare(n) or n) for n in (condition, yes, no))
        text = (
            f"({{ hy::watch hy_w; const bool hy_c = hy_w.see({c}); __typeof__(hy::arms({a}, {b})) hy_r; "
            f"if (hy_c) hy_r = ({a}); else hy_r = ({b}); "
        )
        if self.joinable(condition, yes, no):
            text += (
                f"if (hy_w.turned) {{ __typeof__(hy::arms({a}, {b})) hy_o; if (hy_c) hy_o = ({b}); "
                f"else hy_o = ({a}); hy::rejoin(hy_w, hy_r, hy_o); }} "
            )
        return text + "hy_r; })"

    def statement(self, node: Node) -> str | None:
        """In place of an `if` that does nothing but assign one number; None where it does more."""
        condition = node.child_by_field_name("condition")
        first = _assignment(node.child_by_field_name("consequence"))
        if first is None or condition is None:
            return None
        left, right = first.child_by_field_name("left"), first.child_by_field_name("right")
        operator = text_of(first.child_by_field_name("operator"))
        if left is None or right is None or not self.pure(left) or not self.pure(right):
            return None
        alternative = node.child_by_field_name("alternative")
        if alternative is not None:
            other = _assignment(alternative.named_children[-1] if alternative.named_children else None)
            if other is None or operator != "=" or text_of(other.child_by_field_name("operator")) != "=":
                return None
            second = other.child_by_field_name("right")
            if second is None or _same(other.child_by_field_name("left")) != _same(left):
                return None
            if (
                not self.joinable(condition, left, right, second)
                or _nested(right) + _nested(second) > _NESTED_MAX
            ):
                return None
            value = self.idiom(condition, right, second) or self._chosen(condition, right, second)
            return f"{self._render(left)} = {value};"
        if operator == "=":
            found = self.idiom(condition, right, left)
            if found is not None:
                return f"{self._render(left)} = {found};"
        if not self.joinable(condition, left, right):
            return None
        place, assignment = self._render(left), self._render(first)
        return (
            f"{{ hy::watch hy_w; const bool hy_c = hy_w.see({self._render(condition)}); "
            f"if (hy_c || hy_w.turned) {{ auto hy_o = {place}; {assignment}; "
            f"if (hy_w.turned) hy::rejoin(hy_w, {place}, hy_o, hy_c); }} }}"
        )


def _assignment(node: Node | None) -> Node | None:
    """The assignment that is all that a statement does."""
    if node is not None and node.type == "compound_statement" and node.named_child_count == 1:
        node = node.named_children[0]
    if node is None or node.type != "expression_statement" or node.named_child_count != 1:
        return None
    inner = node.named_children[0]
    return inner if inner.type == "assignment_expression" else None


def _nested(node: Node) -> int:
    return sum(each.type == "conditional_expression" for each in walk(node))
