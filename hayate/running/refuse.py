"""What can't be said in running numbers, found in the syntax tree: each with its line and its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from hayate.errors import WrongUse
from hayate.running.names import FUNCTIONS, LACKING, REFUSED, REFUSED_PREFIXES
from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import declared, walk

_FLOATING = re.compile(r"\b(double|float|hy_complex_double|hy_complex_float)\b")
_INTEGER = re.compile(
    r"^(?:const|unsigned|signed|volatile|\s)*(?:char|short|int|long|unsigned|signed|u?int\d+_t|size_t|uintptr_t|intptr_t)\b"
)
_COPIES = {"memcpy": 3, "memmove": 3, "memset": 3}
_ALLOCATES = ("malloc", "calloc", "realloc", "alloca", "aligned_alloc")
_NAME = re.compile(r"[A-Za-z_]\w*")
_WIDE_LITERAL = re.compile(r"^(?=.*[.eEpP])(?!0[xX][^.pP]*$).*[lL]$")


class Unsuitable(WrongUse):
    """The text of a reference can't be turned into an automatic oracle; the message has the line and the reason."""


def unsuitable(node: Node, line_offset: int, reason: str) -> Unsuitable:
    line = node.start_point[0] + 1 - line_offset
    where = f"line {line}" if line > 0 else f"line {line + line_offset} of the preamble"
    return Unsuitable(f"{where}: {reason}", allowed="an oracle.c of your own: docs/task-format.md")


def refuse(root: Node, line_offset: int) -> None:
    """Raises Unsuitable for the first thing below `root` that running numbers can't stand for."""
    floats = floating_names(root)
    defined = {name for name, _ in _functions(root)}
    for node in walk(root):
        reason = _reason(node, floats, defined)
        if reason:
            raise unsuitable(node, line_offset, reason)


def _functions(root: Node) -> Iterator[tuple[str, Node]]:
    for node in walk(root):
        if node.type == "function_definition":
            inner = node.child_by_field_name("declarator")
            while inner is not None and inner.type != "function_declarator":
                inner = inner.child_by_field_name("declarator")
            if inner is not None:
                yield text_of(inner.child_by_field_name("declarator")), inner


def defined_functions(root: Node) -> dict[str, bool]:
    """The functions that a text defines, and whether they could change what their callers see, through a pointer."""
    return {
        name: "*" in text_of(node.child_by_field_name("parameters"))
        or "[" in text_of(node.child_by_field_name("parameters"))
        for name, node in _functions(root)
    }


def floating_names(root: Node) -> set[str]:
    """Names of variables and of types whose declaration says a floating type, by typedefs and macros too."""
    types = {"double", "float", "hy_complex_double", "hy_complex_float"}
    found: set[str] = set()
    for node in walk(root):
        if node.type == "preproc_def" and text_of(node.child_by_field_name("value")).strip() in types:
            types.add(text_of(node.child_by_field_name("name")))
        if node.type not in ("declaration", "parameter_declaration", "type_definition", "field_declaration"):
            continue
        if not types & set(_NAME.findall(text_of(node.child_by_field_name("type")))):
            continue
        for child in node.children_by_field_name("declarator"):
            inner = child.child_by_field_name("declarator") if child.type == "init_declarator" else child
            name = declared(inner)[0]
            (types if node.type == "type_definition" else found).add(name)
    return found


def _root_name(node: Node | None) -> str:
    """The variable that an expression like &a[i] or (char *)a starts from."""
    match = _NAME.search(re.sub(r"\([^()]*\*\s*\)", "", text_of(node)))
    return match[0] if match else ""


def _reason(node: Node, floats: set[str], defined: set[str]) -> str:
    kind = node.type
    if kind in ("identifier", "type_identifier", "primitive_type", "gnu_asm_expression"):
        name = text_of(node)
        if name in defined:
            return ""
        if kind == "gnu_asm_expression":
            return "assembly"
        if name in REFUSED:
            return f"{name}: {REFUSED[name]}"
        for prefix, reason in REFUSED_PREFIXES.items():
            if name.startswith(prefix):
                return f"{name}: {reason}"
        if len(name) > 2 and name.endswith("l") and f"{name[:-1]}f" in FUNCTIONS and name[:-1] in FUNCTIONS:
            return f"{name}: long double"
    if kind == "generic_expression":
        return f"_Generic: {REFUSED['_Generic']}"
    if kind == "sized_type_specifier" and "double" in text_of(node):
        return "long double"
    if kind == "preproc_arg" and re.search(r"\blong\s+double\b|\bunion\b|__m(?:128|256|512)", text_of(node)):
        return f"{text_of(node).strip()[:60]}: a type that running numbers can't stand for"
    if kind == "number_literal" and _WIDE_LITERAL.match(text_of(node)):
        return f"{text_of(node)}: long double"
    if kind == "union_specifier" and node.child_by_field_name("body") is not None:
        return "a union: a number's bits are not to be had"
    if kind == "preproc_include":
        path = text_of(node.child_by_field_name("path"))
        return f"{path} is not part of the text" if path.startswith('"') else ""
    if kind == "variadic_parameter":
        return "a variable number of arguments"
    if kind == "cast_expression":
        return _cast(node, floats)
    if kind == "call_expression":
        called = text_of(node.child_by_field_name("function"))
        if called in LACKING and called not in defined:
            return f"{called}: a function of the library that running numbers lack"
        return _call(node, floats)
    return ""


def _cast(node: Node, floats: set[str]) -> str:
    to, value = text_of(node.child_by_field_name("type")), node.child_by_field_name("value")
    if "*" not in to or value is None or not _INTEGER.match(to):
        return ""
    inner = (
        value.named_children[0]
        if value.type == "parenthesized_expression" and value.named_children
        else value
    )
    if inner.type == "call_expression":
        return ""
    # &x, x or x + i of a floating array; x[i] is a number or a pointer of its own.
    if (
        inner.type in ("pointer_expression", "identifier", "binary_expression")
        and _root_name(inner) in floats
    ):
        return f"({to}) of {_root_name(inner)}: a number's bits are not to be had"
    return ""


def _call(node: Node, floats: set[str]) -> str:
    name = text_of(node.child_by_field_name("function"))
    arguments = node.child_by_field_name("arguments")
    given = [] if arguments is None else arguments.named_children
    if name in _COPIES and len(given) == _COPIES[name]:
        roots = [_root_name(a) in floats for a in given[: 1 if name == "memset" else 2]]
        if len(roots) == 2 and roots[0] != roots[1] and given[0].type != "identifier":
            return f"{name} between a floating type and another: a number's bits are not to be had"
        if any(roots) and given[2].type == "number_literal":
            return f"{name} of {text_of(given[2])} bytes, said without sizeof"
        if any(roots) and name == "memset" and text_of(given[1]).strip() not in ("0", "'\\0'", "0x0", "0x00"):
            return "memset of numbers to something else than zero"
    bytes_said = "sizeof" not in text_of(arguments) and re.search(r"\b(?:4|8|16)\b", text_of(arguments))
    if name in _ALLOCATES and bytes_said and _for_numbers(node, floats):
        return f"{name} of bytes that are said without sizeof"
    return ""


def _for_numbers(node: Node, floats: set[str]) -> bool:
    parent = node.parent
    while parent is not None and parent.type in ("cast_expression", "parenthesized_expression"):
        if parent.type == "cast_expression" and _FLOATING.search(text_of(parent.child_by_field_name("type"))):
            return True
        parent = parent.parent
    if parent is None:
        return False
    place = parent.child_by_field_name("declarator") or parent.child_by_field_name("left")
    return _root_name(place) in floats
