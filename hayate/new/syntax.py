"""The syntax tree of a person's file: top-level items and what they name."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node, Parser

from hayate.records import Language
from hayate.toolchains.source.nodes import every, grammar, text_of

_NAMES = ("identifier", "type_identifier", "field_identifier", "namespace_identifier")
LOOPS = ("for_statement", "while_statement", "do_statement")


def parse(text: str, language: Language) -> Node:
    """The root of the syntax tree."""
    return Parser(grammar(language)).parse(text.encode()).root_node


def field(node: Node | None, name: str) -> Node | None:
    return node.child_by_field_name(name) if node is not None else None


def bare(node: Node | None) -> Node | None:
    """The expression without parentheses and casts around it."""
    while node is not None:
        if node.type == "parenthesized_expression":
            node = next((c for c in node.named_children if c.type != "comment"), None)
        elif node.type == "cast_expression":
            node = field(node, "value")
        else:
            return node
    return None


def declared_name(declarator: Node | None) -> str:
    """The name that a declarator declares, however it is nested."""
    node = declarator
    while node is not None:
        if node.type in _NAMES:
            return text_of(node)
        if node.type in ("qualified_identifier", "operator_name", "destructor_name"):
            return text_of(node).split("::")[-1]
        inner = field(node, "declarator")
        if inner is None and node.type in (
            "parenthesized_declarator",
            "reference_declarator",
            "attributed_declarator",
        ):
            inner = next((c for c in node.named_children if "declarator" in c.type or c.type in _NAMES), None)
        node = inner
    return ""


def function_head(node: Node | None) -> Node | None:
    """The function_declarator of a definition or prototype."""
    inner = field(node, "declarator")
    while inner is not None and inner.type != "function_declarator":
        inner = field(inner, "declarator") or next(
            (c for c in inner.named_children if "declarator" in c.type), None
        )
    return inner


@dataclass(frozen=True)
class Item:
    """Something at the top level: a function, a type, a variable."""

    node: Node
    kind: str  # "function", "prototype", "variable", "type", "other"
    names: tuple[str, ...]
    space: str = ""  # of a function in namespaces: "a::b::"

    @property
    def first(self) -> int:
        """Its first line, from 0."""
        return self.node.start_point[0]

    @property
    def last(self) -> int:
        return self.node.end_point[0]


def items(root: Node) -> list[Item]:
    """Everything at the top level, what stands in `extern "C" { }` included."""
    found: list[Item] = []
    stack = list(reversed(root.named_children))
    while stack:
        node = stack.pop()
        body = field(node, "body")
        if node.type == "linkage_specification" and body is not None:
            inner = body.named_children if body.type == "declaration_list" else [body]
            stack.extend(reversed(inner))
            continue
        if node.type == "comment" or node.type.startswith("preproc_"):
            continue
        found.append(_item(node))
    return found


def _item(node: Node) -> Item:
    if node.type == "function_definition":
        return Item(node, "function", (declared_name(field(node, "declarator")),))
    if node.type == "declaration":
        names, prototype = [], False
        for declarator in node.children_by_field_name("declarator"):
            names.append(declared_name(declarator))
            prototype = prototype or (
                declarator.type == "function_declarator" or function_head(node) is not None
            )
        own = _types(node)
        return Item(node, "prototype" if prototype else "variable", (*names, *own))
    if node.type in ("type_definition", "alias_declaration", "using_declaration"):
        names = [declared_name(d) for d in node.children_by_field_name("declarator")]
        names += [text_of(field(node, "name"))] if field(node, "name") else []
        return Item(node, "type", (*names, *_types(node)))
    if node.type in ("struct_specifier", "union_specifier", "enum_specifier", "class_specifier"):
        return Item(node, "type", _types(node))
    return Item(node, "other", tuple({text_of(n) for n in every(node) if n.type in _NAMES}))


def _types(node: Node) -> tuple[str, ...]:
    """Tags and enumerators that are defined below a node."""
    found = []
    for inner in every(node):
        if inner.type in ("struct_specifier", "union_specifier", "enum_specifier", "class_specifier"):
            if field(inner, "body") is not None and field(inner, "name") is not None:
                found.append(text_of(field(inner, "name")))
        elif inner.type == "enumerator":
            found.append(text_of(field(inner, "name")))
    return tuple(found)
