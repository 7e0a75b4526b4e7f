"""A reference in which no subscript leaves its array and every loop ends, whatever else is changed in it.

OpenMP's directives are left out: one thread computes the same.
"""

from __future__ import annotations

import re
from pathlib import Path

from tree_sitter import Node

from hayate.mutants.mutant import Changes, replace, wrap
from hayate.mutants.source import Source, ancestors, declared_name, function_name
from hayate.mutants.types import Types
from hayate.toolchains.source.nodes import every

HELPERS = (Path(__file__).parent / "guard.h").read_text()
_ALLOCATES = ("malloc", "calloc", "realloc", "aligned_alloc")


_CONTAINERS = re.compile(rb"\bstd::(?:vector|array|span|unique_ptr|valarray|deque)\b|\boperator\b|\bnew\b")


class CannotGuard(Exception):
    """Something in the text is beyond this."""


def guard(source: Source, types: Types) -> Changes:
    """The changes that hold all functions of a source within their memory. Raises CannotGuard."""
    if source.language != "c" and _CONTAINERS.search(source.data):
        raise CannotGuard("a subscript may be a container's")
    changes: Changes = {}
    for macro in source.macros.values():
        if macro.body is not None:
            _macro(source, macro.body, changes)
    for name, definition in source.functions.items():
        body = definition.child_by_field_name("body")
        if body is None:
            continue
        for node in reversed(list(every(body))):  # what is inside is changed first
            _node(source, types, node, changes)
        _recursion(source, name, definition, body, changes)
    for node in every(source.root):
        if node.type == "preproc_call" and re.match(r"#\s*pragma\s+omp", source.text(node)):
            replace(changes, node.id, "\n")
    return changes


def global_arrays(source: Source, types: Types) -> list[str]:
    """Arrays of the file, to be held before a call."""
    return [
        name
        for node in source.root.children
        if node.type == "declaration"
        for name in _arrays(source, types, node)
    ]


def _arrays(source: Source, types: Types, declaration: Node) -> list[str]:
    found = []
    for given in declaration.children_by_field_name("declarator"):
        name = declared_name(given)
        if name is not None and types.of(name).array:
            found.append(source.text(name))
    return found


def _node(source: Source, types: Types, node: Node, changes: Changes) -> None:
    field = node.child_by_field_name
    parent = node.parent
    match node.type:
        case "subscript_expression":
            if _measured(node):
                return
            listed = field("indices") or node  # in C++ brackets stand in a node of their own
            opening = next(c for c in listed.children if c.type in ("[", "ERROR"))
            array, closing = field("argument"), listed.children[-1]
            if array is None or opening.type != "[":
                raise CannotGuard(source.text(node))
            addressed = parent is not None and source.text(parent.child_by_field_name("operator")) == "&"
            to = addressed and parent is not None and parent.type == "pointer_expression"
            wrap(changes, array.id, "(*HAYATE_TO(" if to else "(*HAYATE_AT(", "")
            replace(changes, opening.id, ", ")
            replace(changes, closing.id, "))")
        case "pointer_expression":
            inner = field("argument")
            if inner is None or _measured(node):
                return
            if source.text(field("operator")) == "*":
                replace(changes, node.children[0].id, "(*HAYATE_AT(")
                wrap(changes, inner.id, "", ", 0))")
            elif inner.type == "identifier" and not types.of(inner).depth:
                replace(changes, node.children[0].id, "HAYATE_SELF(")
                wrap(changes, inner.id, "", ")")
        case "field_expression":
            inner = field("argument")
            if inner is not None and any(c.type == "->" for c in node.children):
                wrap(changes, inner.id, "HAYATE_AT(", ", 0)")
        case "binary_expression":
            left, right, sign = field("left"), field("right"), field("operator")
            if left is None or right is None or sign is None or source.text(sign) not in ("+", "-"):
                return
            if types.of(left).depth and not types.of(right).depth:
                wrap(changes, left.id, "HAYATE_TO(", "")
                wrap(changes, right.id, "-(" if source.text(sign) == "-" else "(", "))")
                replace(changes, sign.id, ",")
        case "update_expression" | "assignment_expression":
            pointer = field("argument") or field("left")
            kind = types.of(pointer)
            walks = source.text(field("operator")) in ("++", "--", "+=", "-=")
            if pointer is not None and kind.depth and not kind.array and walks:
                wrap(changes, pointer.id, "HAYATE_WALK(", ")")
        case "call_expression":
            called = field("function")
            if source.text(called) in _ALLOCATES and called is not None:
                replace(changes, called.id, f"hayate_{source.text(called)}")
        case "declaration":
            if parent is not None and parent.type == "compound_statement":
                held = [f" hayate_hold({n}, sizeof({n}));" for n in _arrays(source, types, node)]
                wrap(changes, node.id, "", "".join(held))
        case "for_statement":
            condition = field("condition")
            if condition is not None:
                wrap(changes, condition.id, "(", ") && hayate_go()")
            else:
                marks = [c for c in node.children if c.type == ";"]
                replace(changes, marks[-1].id, " hayate_go();")
        case "while_statement" | "do_statement":
            condition = field("condition")
            if condition is not None:
                wrap(changes, condition.id, "(", " && hayate_go())")
        case "goto_statement" | "ERROR":
            raise CannotGuard(source.text(node))


def _measured(node: Node) -> bool:
    """Within sizeof, where nothing is read."""
    return any(a.type == "sizeof_expression" for a in ancestors(node))


def _macro(source: Source, body: Node, changes: Changes) -> None:
    text = source.text(body)
    if "[" not in text and "->" not in text:
        return
    inner = Source(f"void f(void) {{ ({text}); }}")
    if inner.root.has_error:
        raise CannotGuard(text)
    replace(changes, body.id, inner_text(inner))


def inner_text(inner: Source) -> str:
    """The one expression of a text that was made around it, guarded."""
    found = next(n for n in every(inner.root) if n.type == "parenthesized_expression")
    changes: Changes = {}
    types = Types(inner)
    for node in reversed(list(every(found))):
        _node(inner, types, node, changes)
    return inner.render(changes, found)


def _recursion(source: Source, name: str, definition: Node, body: Node, changes: Changes) -> None:
    calls = (n for n in every(body) if n.type == "call_expression")
    if all(source.text(c.child_by_field_name("function")) != name for c in calls):
        return
    kind = source.text(definition.child_by_field_name("type"))
    called = function_name(definition)
    stars = source.data[definition.start_byte : called.start_byte if called else 0].count(b"*")
    value = "" if kind == "void" and not stars else " 0" if stars else f" ({kind}){{0}}"
    opening = body.children[0]
    replace(changes, opening.id, f"{{ if (hayate_deep()) return{value};")
