"""Subscripts that are one off, or exchanged."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from hayate.mutants.mutant import Changes, Draft, Kind, replace, wrap
from hayate.mutants.reference import Reference
from hayate.mutants.source import ancestors, strip
from hayate.toolchains.source.nodes import every


def drafts(reference: Reference) -> Iterator[Draft]:
    source = reference.source
    for node in reference.nodes("subscript_expression", "pointer_expression"):
        if reference.is_size(node) or not _element(reference, node):
            continue
        if node.type == "pointer_expression":
            inner = node.child_by_field_name("argument")
            if source.text(node.child_by_field_name("operator")) == "*" and inner is not None:
                changes: Changes = {}
                wrap(changes, inner.id, "(", " + 1)")
                yield _draft(reference, node, "element", "takes the element one behind", changes)
            continue
        index = node.child_by_field_name("index") or _index(node)
        if index is None:
            continue
        # From the first element on, and from another one that is given as a number back: it stays within the array.
        number = source.text(index)
        for sign in "+" if number == "0" else "-" if number.isdigit() else "+-":
            changes = {}
            wrap(changes, index.id, "(", f") {sign} 1")
            where = "behind" if sign == "+" else "before"
            what = source.text(node)
            yield _draft(reference, node, f"index {sign} 1", f"takes the element one {where} {what}", changes)
        yield from _exchanged(reference, node, index)


def _draft(reference: Reference, node: Node, name: str, does: str, changes: Changes) -> Draft:
    line = reference.source.line(node)
    return Draft(Kind.INDEX, name, line, f"Line {line} {does}.", changes, guarded=True)


def _index(node: Node) -> Node | None:
    """In C++ it stands in a list."""
    listed = node.child_by_field_name("indices")
    return listed.named_children[0] if listed is not None and listed.named_child_count == 1 else None


def _element(reference: Reference, node: Node) -> bool:
    """Whether it is a number in memory: another pointer might be none, and a row is moved by its own subscript."""
    kind = reference.types.of(node)
    return (kind.floating or kind.integer or kind.depth >= 1) and not _pointers(reference, node)


def _pointers(reference: Reference, node: Node) -> bool:
    """An array of pointers: its elements need not all be set."""
    kind = reference.types.of(node)
    if not kind.depth:
        return False
    return not any(a.type == "subscript_expression" for a in ancestors(node))


def _exchanged(reference: Reference, node: Node, index: Node) -> Iterator[Draft]:
    source = reference.source
    outer = node.child_by_field_name("argument")
    changes: Changes = {}
    if outer is not None and outer.type == "subscript_expression":
        first = outer.child_by_field_name("index") or _index(outer)
        if first is None or first.has_error or "[" in source.text(first) + source.text(index):
            return
        one, other = first, index
    else:
        found = _row_and_column(reference, index)
        if found is None:
            return
        one, other = found
    if source.text(one) == source.text(other) or any(n.type == "update_expression" for n in every(index)):
        return
    replace(changes, one.id, source.text(other))
    replace(changes, other.id, source.text(one))
    does = f"exchanges the subscripts of {source.text(node)}"
    yield _draft(reference, node, "subscripts exchanged", does, changes)


def _row_and_column(reference: Reference, index: Node) -> tuple[Node, Node] | None:
    """The i and the k of `i * n + k`."""
    source = reference.source
    node = strip(index)
    if (
        node is None
        or node.type != "binary_expression"
        or source.text(node.child_by_field_name("operator")) != "+"
    ):
        return None
    sides = [strip(node.child_by_field_name(side)) for side in ("left", "right")]
    for product, other in (sides, sides[::-1]):
        if product is None or other is None or product.type != "binary_expression":
            continue
        if source.text(product.child_by_field_name("operator")) != "*":
            continue
        factor = product.child_by_field_name("left")
        if factor is not None and "[" not in source.text(node):
            return factor, other
    return None
