"""Parameters that are arrays: C gives them sizes that other parameters hold, which C++ does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tree_sitter import Node

from hayate.toolchains.source.tree import declared, text_of, walk

Render = Callable[[Node], str]


@dataclass(frozen=True)
class Parameter:
    text: str
    prologue: str = ""  # what the function's body begins with


def names_of(parameters: Node) -> set[str]:
    """Of the parameters of a function."""
    return {
        declared(each.child_by_field_name("declarator"))[0]
        for each in parameters.named_children
        if each.type == "parameter_declaration"
    }


def _sizes(node: Node) -> tuple[Node, list[Node | None]]:
    """What an array declarator is an array of, and its sizes, outermost first."""
    sizes: list[Node | None] = []
    current = node
    while current.type == "array_declarator":
        sizes.insert(0, current.child_by_field_name("size"))
        inner = current.child_by_field_name("declarator")
        if inner is None:
            break
        current = inner
    return current, sizes


def rewrite(node: Node, names: set[str], render: Render) -> Parameter | None:
    """A parameter declaration as C++ takes it; None: as it is."""
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        return None
    if declarator.type == "pointer_declarator":
        inner = declarator.child_by_field_name("declarator")
        if inner is not None and inner.type == "array_declarator":  # an array of pointers
            base, sizes = _sizes(inner)
            if base.type == "identifier" and len(sizes) == 1:
                return Parameter(f"{_type(node, declarator, render)} **{render(base)}")
        return None
    if declarator.type != "array_declarator":
        return None
    base, sizes = _sizes(declarator)
    pointer = base.type == "parenthesized_declarator"
    inner_sizes = sizes if pointer else sizes[1:]
    kind, name = _type(node, declarator, render), declared(declarator)[0]
    if not name:
        return None
    rows = "".join(f"[{render(size)}]" for size in inner_sizes if size is not None)
    if _vary(inner_sizes, names):
        word = render_name(declarator, render)
        return Parameter(f"const void *hy_at_{word}", f"{kind} (*{word}){rows} = ({kind} (*){rows})hy_at_{word}; ")
    if pointer:
        return None
    word = render_name(declarator, render)
    return Parameter(f"{kind} (*{word}){rows}" if rows else f"{kind} *{word}")


def render_name(declarator: Node, render: Render) -> str:
    for each in walk(declarator):
        if each.type == "identifier":
            return render(each)
    return ""


def _type(node: Node, declarator: Node, render: Render) -> str:
    return " ".join(render(child) for child in node.children if child.end_byte <= declarator.start_byte)


def _vary(sizes: list[Node | None], names: set[str]) -> bool:
    return any(
        each.type == "identifier" and text_of(each) in names
        for size in sizes
        if size is not None
        for each in walk(size)
    )
