"""Conditions that are turned, and comparisons that are a little off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hayate.mutants.mutant import Changes, Draft, Kind, replace, wrap
from hayate.mutants.reference import Reference
from hayate.mutants.source import LOOPS, ancestors, strip

_EDGE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "!=", "!=": "=="}
_EQUAL = "where both sides are equal, either branch may give the same, and equal values may never come"
_OTHER = "the other condition may always give the same here"
_MIN_MAX = re.compile(r"((?:std::|__builtin_|_mm\w+_)?f?)(min|max|MIN|MAX)(f|l|_p[sd]|)")


def drafts(reference: Reference) -> Iterator[Draft]:
    source = reference.source
    for node in reference.nodes(
        "if_statement", "conditional_expression", "while_statement", "binary_expression", "call_expression"
    ):
        condition = node.child_by_field_name("condition")
        if node.type in ("if_statement", "conditional_expression") and condition is not None:
            changes: Changes = {}
            wrap(changes, condition.id, "(!(", "))")
            yield _draft(reference, node, "branch turned", "takes the other branch", changes)
        elif node.type == "binary_expression" and not _of_counted_loop(node) and not reference.is_size(node):
            yield from _comparison(reference, node)
        elif node.type == "call_expression":
            called = node.child_by_field_name("function")
            match = _MIN_MAX.fullmatch(source.text(called))
            if called is not None and match is not None and not reference.is_size(node):
                word = {"min": "max", "max": "min", "MIN": "MAX", "MAX": "MIN"}[match[2]]
                other = match[1] + word + match[3]
                if word.isupper() and other not in source.macros:
                    continue
                if match[1] == "" and other not in source.macros and other not in source.functions:
                    continue
                changes = {}
                replace(changes, called.id, other)
                yield _draft(reference, node, f"{other} for {source.text(called)}", f"takes {other}", changes)


def _draft(
    reference: Reference, node: Node, name: str, does: str, changes: Changes, equivalent: str = ""
) -> Draft:
    line = reference.source.line(node)
    return Draft(
        Kind.BRANCH, name, line, f"Line {line} {does}.", changes, guarded=True, equivalent=equivalent
    )


def _of_counted_loop(node: Node) -> bool:
    """The condition of a `for`: what is wrong with its bound is another kind of mutant."""
    for above in ancestors(node):
        if above.type == "for_statement":
            condition = above.child_by_field_name("condition")
            return condition is not None and (
                condition.start_byte <= node.start_byte and node.end_byte <= condition.end_byte
            )
        if above.type.endswith("statement"):
            break
    return False


def _comparison(reference: Reference, node: Node) -> Iterator[Draft]:
    operator = node.child_by_field_name("operator")
    mark = reference.source.text(operator)
    if operator is None:
        return
    alone = _is_condition(node)
    if mark in ("&&", "||"):
        changes: Changes = {}
        other = "||" if mark == "&&" else "&&"
        replace(changes, operator.id, other)
        yield _draft(reference, node, f"{other} for {mark}", f"has {other} for {mark}", changes, _OTHER)
        for side, which in (("left", "first"), ("right", "second")):
            part = node.child_by_field_name(side)
            if part is not None:
                changes = {}
                wrap(changes, part.id, "(!(", "))")
                yield _draft(
                    reference,
                    node,
                    f"{which} part of {mark} turned",
                    f"turns the {which} part of {mark}",
                    changes,
                )
    if mark in _EDGE:
        changes = {}
        replace(changes, operator.id, _EDGE[mark])
        does = f"has {_EDGE[mark]} for {mark}"
        yield _draft(reference, node, f"{_EDGE[mark]} for {mark}", does, changes, _EQUAL)
    if mark in _TURNED and not (alone and mark in ("==", "!=")):  # that is the branch turned
        changes = {}
        replace(changes, operator.id, _TURNED[mark])
        does = f"has {_TURNED[mark]} for {mark}"
        yield _draft(reference, node, f"{_TURNED[mark]} for {mark}", does, changes)


def _is_condition(node: Node) -> bool:
    """The whole condition of an `if` or `?:`."""
    for above in ancestors(node):
        if above.type in ("if_statement", "conditional_expression"):
            return strip(above.child_by_field_name("condition")) == node
        if above.type not in ("parenthesized_expression", "condition_clause") or above.type in LOOPS:
            return False
    return False
