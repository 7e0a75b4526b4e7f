"""Arithmetic in fewer bits than the result has: everywhere, in one statement, in what is summed up.

A task of doubles must refuse single precision anywhere; one of floats half precision and bfloat16, while a double in it
may be computed as a float.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hayate.mutants.formats import BELOW_DOUBLE, BELOW_FLOAT
from hayate.mutants.mutant import Change, Changes, Draft, Kind, replace, wrap
from hayate.mutants.reference import Reference
from hayate.mutants.source import LOOPS, ancestors, strip
from hayate.toolchains.source.nodes import every

_CONSTANT = re.compile(r"\b(?:static|constexpr|constinit)\b")  # its value is computed by the compiler
_CONDITION = "a condition is the same unless both sides are almost equal"
_MIXED = "it may go to the less exact of the results alone"
_FITS = "the sums may fit"
_EXACT = "its numbers may fit into fewer bits"


def drafts(reference: Reference) -> Iterator[Draft]:
    yield from _integers(reference)
    if not reference.dtype:
        return
    double = reference.dtype in ("float64", "complex128")
    statements = [s for s in _statements(reference) if _lowered(reference, s)]
    for form in BELOW_DOUBLE if double else BELOW_FLOAT:
        helpers = form.helpers(reference.source.language)
        changes: Changes = {}
        for statement in statements:
            _join(changes, _lowered(reference, statement))
        if changes:
            why = f"All arithmetic has {form.name}."
            yield Draft(Kind.PRECISION, f"{form.name} in all", reference.line, why, changes, helpers)
        yield from _products(reference, form.name, helpers)
        for name, uses in _accumulators(reference).items():
            changes = {}
            for use in uses:
                _join(changes, _result(reference, use))
            line = reference.source.line(uses[0])
            why = f"What is summed up in {name} has {form.name}."
            yield Draft(
                Kind.PRECISION, f"{form.name} in accumulator {name}", line, why, changes, helpers,
                equivalent=_MIXED if reference.mixed else "",
            )  # fmt: skip
        if form.each_statement and len(statements) > 1:
            for statement in statements:
                yield _alone(reference, form.name, helpers, statement)


def _integers(reference: Reference) -> Iterator[Draft]:
    """Sums of whole numbers, in 16 bits."""
    for node in reference.nodes("assignment_expression"):
        left, right, mark = (node.child_by_field_name(f) for f in ("left", "right", "operator"))
        text = reference.source.text(mark)
        if left is None or right is None or mark is None or text not in ("+=", "-=", "*="):
            continue
        in_loop = any(a.type in LOOPS for a in ancestors(node)) and not any(
            a.type == "for_statement" and a.child_by_field_name("update") == node for a in ancestors(node)
        )
        simple = not any(n.type in ("update_expression", "call_expression") for n in every(left))
        if in_loop and simple and reference.types.of(left).integer and not reference.is_size(node):
            changes: Changes = {}
            replace(changes, mark.id, f"= (short)({reference.source.text(left)} {text[0]} (")
            wrap(changes, right.id, "", "))")
            line = reference.source.line(node)
            why = f"The sum in line {line} has 16 bits."
            yield Draft(
                Kind.PRECISION, "16 bits of a sum", line, why, changes, guarded=True, equivalent=_FITS
            )


def _products(reference: Reference, form: str, helpers: str) -> Iterator[Draft]:
    """Sums are exact to the type, and what is summed up is not."""
    changes: Changes = {}
    for node in reference.nodes("binary_expression"):
        mark = reference.source.text(node.child_by_field_name("operator"))
        constant = any(
            _CONSTANT.match(reference.source.text(a)) for a in ancestors(node) if a.type == "declaration"
        )
        if mark == "*" and reference.types.of(node).floating and not constant:
            changes[node.id] = [_lower]
    if changes:
        why = f"Products have {form}, and sums have not."
        maybe = _MIXED if reference.mixed else ""
        yield Draft(
            Kind.PRECISION, f"{form} in products", reference.line, why, changes, helpers, equivalent=maybe
        )


def _alone(reference: Reference, form: str, helpers: str, statement: Node) -> Draft:
    line = reference.source.line(statement)
    maybe = _CONDITION if _is_test(statement) else _MIXED if reference.mixed else ""
    if not maybe and not _computes(reference, statement):
        maybe = _EXACT
    return Draft(
        Kind.PRECISION,
        form,
        line,
        f"The arithmetic of line {line} has {form}.",
        _lowered(reference, statement),
        helpers,
        equivalent=maybe,
    )


def _is_test(statement: Node) -> bool:
    return not (statement.type.endswith("statement") or statement.type == "declaration")


def _statements(reference: Reference) -> list[Node]:
    """Whatever computes: statements, declarations with a value, conditions."""
    found = []
    for node in reference.nodes(
        "expression_statement", "declaration", "return_statement", "if_statement", *LOOPS
    ):
        if node.type == "if_statement" or node.type in LOOPS:
            condition = node.child_by_field_name("condition")
            if condition is not None:
                found.append(condition)
            continue
        if not _CONSTANT.search(reference.source.text(node).split("=")[0]):
            found.append(node)
    return found


def _join(changes: Changes, more: Changes) -> None:
    for node_id, list_of in more.items():
        changes.setdefault(node_id, []).extend(list_of)


def _lower(inner: str) -> str:
    return f"HAYATE_LOWER({inner})"


def _lowered(reference: Reference, statement: Node) -> Changes:
    """The changes that round every operand and every result of a statement."""
    changes: Changes = {}
    stack = [statement]
    while stack:
        node = stack.pop()
        if node.type in ("sizeof_expression", "array_declarator") or reference.is_size(node):
            continue
        parent = node.parent
        if node.type == "assignment_expression":
            right = node.child_by_field_name("right")
            if _update(reference, node, changes, "HAYATE_UPDATE"):
                left = node.child_by_field_name("left")
                if left is not None:  # subscripts may hold floating numbers
                    stack.extend(left.named_children[1:])
            elif node.child_by_field_name("left") is not None:
                stack.extend(node.children_by_field_name("left")[0].named_children[1:])
            if right is not None:
                stack.append(right)
            continue
        floating = reference.types.of(node).floating
        if floating and _is_value(reference, node, parent):
            changes.setdefault(node.id, []).append(_lower)
        if node.type in ("init_declarator",):
            value = node.child_by_field_name("value")
            if value is not None:
                stack.append(value)
            continue
        if node.type == "update_expression" or (
            node.type == "pointer_expression" and reference.source.text(node).startswith("&")
        ):
            continue
        if node.type == "call_expression":
            listed = node.child_by_field_name("arguments")
            stack.extend(listed.named_children if listed is not None else [])
        elif node.type == "field_expression":
            continue
        elif node.type in ("subscript_expression", "pointer_expression"):
            inner = [c for c in node.named_children if not reference.types.of(c).depth]
            stack.extend(c for c in inner if node.type == "subscript_expression")
        elif not (node.type == "expression_statement" and node is not statement):
            stack.extend(
                c for c in node.named_children if c.type not in ("type_descriptor", "primitive_type", "identifier")
                or (c.type == "identifier" and node.type != "declaration")
            )  # fmt: skip
    return changes


def _is_value(reference: Reference, node: Node, parent: Node | None) -> bool:
    """Whether it is an operand or a result, not a name that something is done to."""
    if parent is None:
        return False
    if node.type == "number_literal":
        return not _short(reference.source.text(node))
    if node.type in ("identifier", "subscript_expression", "pointer_expression", "field_expression"):
        return parent.type not in ("update_expression", "declaration", "parameter_declaration")
    if node.type == "binary_expression":
        return True
    return node.type in ("call_expression", "cast_expression")


def _short(text: str) -> bool:
    """A number of few bits, which is the same in every format."""
    try:
        value = float(text.rstrip("fFlLuU")) if "x" not in text.lower() else 0.1
    except ValueError:
        return False
    return abs(value) < 8 and value * 16 == int(value * 16)


def _update(reference: Reference, node: Node, changes: Changes, macro: str) -> bool:
    """`to op= x` as a call of `macro`, where it is no atomic operation of OpenMP."""
    left, right, mark = (node.child_by_field_name(f) for f in ("left", "right", "operator"))
    text = reference.source.text(mark)
    if left is None or right is None or mark is None or text not in ("+=", "-=", "*=", "/="):
        return False
    if not reference.types.of(left).floating or _atomic(reference, node):
        return False

    def change(inner: str) -> str:
        return f"{macro}({inner})"

    changes.setdefault(mark.id, []).append(lambda _: f", {text[0]}, ")
    changes.setdefault(node.id, []).append(change)
    return True


def _atomic(reference: Reference, node: Node) -> bool:
    statement = node.parent
    before = statement.prev_sibling if statement is not None else None
    return before is not None and "atomic" in reference.source.text(before)


def _accumulators(reference: Reference) -> dict[str, list[Node]]:
    """Assignments, in loops, of a number to itself and something: by the name of what is assigned to."""
    source = reference.source
    found: dict[str, list[Node]] = {}
    for node in reference.nodes("assignment_expression"):
        left, right, mark = (node.child_by_field_name(f) for f in ("left", "right", "operator"))
        if left is None or right is None or not reference.types.of(left).floating:
            continue
        if not any(a.type in LOOPS for a in ancestors(node)):
            continue
        compound = source.text(mark) in ("+=", "-=", "*=")
        itself = source.text(mark) == "=" and _begins_with(reference, right, source.text(left))
        if (compound and not _atomic(reference, node)) or itself:
            name = source.text(left).split("[")[0].strip("(*) ")
            found.setdefault(name or "it", []).append(node)
    return found


def _begins_with(reference: Reference, value: Node, name: str) -> bool:
    node = strip(value)
    if node is None or node.type != "binary_expression":
        return False
    sides = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    return any(reference.source.text(side) == name for side in sides)


def _result(reference: Reference, node: Node) -> Changes:
    """The changes that round what is assigned, and nothing else."""
    changes: Changes = {}
    right = node.child_by_field_name("right")
    if not _update(reference, node, changes, "HAYATE_UPDATED") and right is not None:
        lower: Change = _lower
        changes.setdefault(right.id, []).append(lower)
    return changes


def _computes(reference: Reference, statement: Node) -> bool:
    """Whether anything is computed that is not already short: a copy of an integer or a constant is not."""
    stack = [statement]
    while stack:
        node = stack.pop()
        if node.type in (
            "subscript_expression",
            "pointer_expression",
            "call_expression",
            "binary_expression",
        ):
            if reference.types.of(node).floating:
                return True
        elif node.type == "assignment_expression" and reference.types.of(node).floating:
            return True
        stack.extend(node.named_children)
    return False
