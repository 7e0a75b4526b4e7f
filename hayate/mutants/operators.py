"""Other arithmetic: another operation, a term dropped, a constant a little off, a function left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hayate.mutants.mutant import Changes, Draft, Kind, replace, wrap
from hayate.mutants.reference import Reference, assigned
from hayate.mutants.source import ancestors
from hayate.mutants.types import Type

_OTHER = {"+": "-", "-": "+", "*": "/", "/": "*", "&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<"}
_OF_INTEGERS = _OTHER | {"*": "+", "/": "-", "%": "/"}
_LEFT_OUT = re.compile(
    r"(?:__builtin_)?(?:std::)?(sqrt|cbrt|exp|exp2|expm1|log|log2|log10|log1p|sin|cos|tan|sinh|cosh|tanh|asin|acos|"
    r"atan|erf|erfc|fabs|floor|ceil|round|rint|abs|csqrt|cexp|conj)f?"
)
_ZERO = "a zero may be overwritten, or be what does not count"
_SIGN = "where the other side is zero, or is used only by its square, nothing changes"


def drafts(reference: Reference) -> Iterator[Draft]:
    for node in reference.nodes(
        "binary_expression",
        "assignment_expression",
        "init_declarator",
        "update_expression",
        "number_literal",
        "call_expression",
        "return_statement",
    ):
        if reference.is_size(node) or _elsewhere(reference, node):
            continue
        match node.type:
            case "binary_expression":
                yield from _binary(reference, node)
            case "update_expression":
                yield from _update(reference, node)
            case "number_literal":
                yield from _constant(reference, node)
            case "call_expression":
                yield from _function(reference, node)
            case "return_statement":
                yield from _truncated(
                    reference, node, node.named_children[0] if node.named_children else None
                )
            case _:
                if node.type == "assignment_expression":
                    yield from _compound(reference, node)
                yield from _truncated(reference, node, assigned(node)[1])

    for constant in reference.constants:
        yield from _constant(reference, constant)


def _draft(
    reference: Reference, node: Node, name: str, does: str, changes: Changes, kind: Type, equivalent: str = ""
) -> Draft:
    line = reference.source.line(node)
    guarded = not kind.floating  # an integer may become a subscript
    return Draft(
        Kind.OPERATOR, name, line, f"Line {line} {does}.", changes, guarded=guarded, equivalent=equivalent
    )


def _elsewhere(reference: Reference, node: Node) -> bool:
    """What other kinds of mutants change: subscripts, and what counts a loop."""
    inner = node
    for above in ancestors(node):
        if above.type == "subscript_expression" and above.child_by_field_name("argument") != inner:
            return not reference.types.of(node).floating
        if above.type == "for_statement":
            return inner != above.child_by_field_name("body")
        if above.type == "compound_statement":
            return False
        inner = above
    return False


def _numbers(reference: Reference, node: Node) -> Type | None:
    """The type of a node, if it is a number."""
    kind = reference.types.of(node)
    return kind if kind.floating or kind.integer else None


def _short(reference: Reference, node: Node) -> str:
    text = " ".join(reference.source.text(node).split())
    return text if len(text) <= 40 else text[:37] + "..."


def _binary(reference: Reference, node: Node) -> Iterator[Draft]:
    kind = _numbers(reference, node)
    left, right, operator = (node.child_by_field_name(f) for f in ("left", "right", "operator"))
    if kind is None or left is None or right is None or operator is None:
        return
    if reference.types.of(left).depth or reference.types.of(right).depth:
        return
    mark = reference.source.text(operator)
    other = (_OTHER if kind.floating else _OF_INTEGERS).get(mark)
    if other is None or (kind.floating and mark not in "+-*/"):
        return
    if not (kind.integer and other == "/"):  # the divisor may be zero
        changes: Changes = {}
        replace(changes, operator.id, other)
        yield _draft(reference, node, f"{other} for {mark}", f"has {other} for {mark}", changes, kind)
    if mark in ("+", "-", "*", "/"):
        for dropped, text in ((right, ""), (left, "-" if mark == "-" else "1.0 /" if mark == "/" else "")):
            if mark == "/" and kind.integer and dropped == left:
                continue
            changes = {}
            replace(changes, dropped.id, "")
            replace(changes, operator.id, text)
            what = "term" if mark in "+-" else "factor"
            short = _short(reference, dropped)
            yield _draft(
                reference, node, f"{what} {short} dropped", f"drops the {what} {short}", changes, kind,
                _SIGN if dropped.type == "number_literal" else "",
            )  # fmt: skip


def _compound(reference: Reference, node: Node) -> Iterator[Draft]:
    operator, left = node.child_by_field_name("operator"), node.child_by_field_name("left")
    mark = reference.source.text(operator)
    if operator is None or left is None or mark == "=":
        return
    kind = _numbers(reference, left)
    if kind is None:
        return
    other = (_OTHER if kind.floating else _OF_INTEGERS).get(mark[:-1])
    changes: Changes = {}
    if other is not None and not (kind.integer and other == "/"):
        replace(changes, operator.id, other + "=")
        yield _draft(reference, node, f"{other}= for {mark}", f"has {other}= for {mark}", changes, kind)
    changes = {}
    replace(changes, operator.id, "=")
    yield _draft(
        reference,
        node,
        f"= for {mark}",
        f"has = for {mark}, so that what was there before is lost",
        changes,
        kind,
    )


def _update(reference: Reference, node: Node) -> Iterator[Draft]:
    kind = reference.types.of(node)
    operator = node.child_by_field_name("operator")
    if not kind.integer or operator is None:
        return
    mark = reference.source.text(operator)
    other = "--" if mark == "++" else "++"
    changes: Changes = {}
    replace(changes, operator.id, other)
    yield _draft(reference, node, f"{other} for {mark}", f"has {other} for {mark}", changes, kind)


def _constant(reference: Reference, node: Node) -> Iterator[Draft]:
    """A number in floating arithmetic: itself floating, or what it is assigned to or computed with."""
    kind = reference.types.of(node)
    parent = node.parent
    if not kind.floating:
        if parent is None or not _floating_context(reference, parent):
            return
        kind = Type("double")
    text = reference.source.text(node)
    zero = re.fullmatch(r"0*\.?0*[fFlL]?", text) is not None
    changes: Changes = {}
    suffix = "f" if text.lower().endswith("f") and "x" not in text.lower() else ""
    if zero:
        replace(changes, node.id, f"0.01{suffix}")
    else:
        replace(changes, node.id, f"({text} * 1.01{suffix})")
    does = f"has {'0.01 for 0' if zero else f'a constant that is 1% larger than {text}'}"
    name = f"constant {text} changed"
    yield _draft(reference, node, name, does, changes, kind, _ZERO if zero else "")


def _floating_context(reference: Reference, parent: Node) -> bool:
    if parent.type in ("init_declarator", "assignment_expression"):
        target, _ = assigned(parent)
        return target is not None and reference.types.of(target).floating
    return (
        parent.type in ("binary_expression", "conditional_expression") and reference.types.of(parent).floating
    )


def _function(reference: Reference, node: Node) -> Iterator[Draft]:
    called, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    name = reference.source.text(called)
    if (
        called is None
        or listed is None
        or not _LEFT_OUT.fullmatch(name)
        or name in reference.source.functions
    ):
        return
    changes: Changes = {}
    replace(changes, called.id, "")
    yield _draft(reference, node, f"{name} left out", f"leaves {name} out", changes, reference.types.of(node))


def _truncated(reference: Reference, node: Node, value: Node | None) -> Iterator[Draft]:
    if value is None or value.type in ("number_literal", "initializer_list"):
        return
    kind = reference.types.of(value)
    if not kind.floating or kind.base.startswith("complex"):
        return
    changes: Changes = {}
    wrap(changes, value.id, "__builtin_trunc(", ")")
    does = "drops what is behind the point, as a conversion to an integer does"
    yield _draft(reference, node, "truncated", does, changes, kind)
