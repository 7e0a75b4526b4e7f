"""Pointers to arrays whose size other variables hold: C has them, C++ has not. rows.hpp has what stands for one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from tree_sitter import Node

from hayate.toolchains.source.nodes import text_of
from hayate.toolchains.source.tree import declared, walk

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


def parameter(node: Node, names: set[str], render: Render) -> Parameter | None:
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
    name = name_in(declarator, render)
    if declarator.type != "array_declarator" or not name:
        return None
    base, sizes = _sizes(declarator)
    pointer = base.type == "parenthesized_declarator"
    inner_sizes = sizes if pointer else sizes[1:]
    kind = _type(node, declarator, render)
    if any(each in names for size in inner_sizes for each in _names(size)):
        rows = _rows(kind, inner_sizes)
        return Parameter(
            f"const void *hy_at_{name}", f"{rows} {name}(hy_at_{name}{_listed(inner_sizes, render)}); "
        )
    if pointer:
        return None
    plain = "".join(f"[{render(size)}]" for size in inner_sizes if size is not None)
    return Parameter(f"{kind} (*{name}){plain}" if plain else f"{kind} *{name}")


def variable(declarator: Node | None, constants: Collection[str]) -> list[Node] | None:
    """The sizes of a declarator like (*A)[n], or (*)[n] of a cast, where they are no constants."""
    if declarator is None or not declarator.type.endswith("array_declarator"):
        return None
    base, sizes = _sizes(declarator)
    given = [size for size in sizes if size is not None]
    if "parenthesized" not in base.type or len(given) != len(sizes):
        return None
    inner = base.named_children[0] if base.named_children else None
    if inner is None or "pointer" not in inner.type:
        return None
    return given if any(name not in constants for size in given for name in _names(size)) else None


def cast(kind: str, sizes: list[Node], value: str, render: Render) -> str:
    """`value` as a pointer to arrays of `kind`."""
    return f"{_rows(kind, sizes)}({value}{_listed(sizes, render)})"


def name_in(declarator: Node, render: Render) -> str:
    """Of what is declared."""
    current: Node | None = declarator
    while current is not None and current.type != "identifier":
        inner = current.child_by_field_name("declarator")
        current = inner if inner is not None else next(iter(current.named_children[-1:]), None)
    return "" if current is None else render(current)


def _sizes(node: Node) -> tuple[Node, list[Node | None]]:
    """What an array declarator is an array of, and its sizes, outermost first."""
    sizes: list[Node | None] = []
    current = node
    while current.type.endswith("array_declarator"):
        sizes.insert(0, current.child_by_field_name("size"))
        inner = current.child_by_field_name("declarator")
        if inner is None:
            break
        current = inner
    return current, sizes


def _type(node: Node, declarator: Node, render: Render) -> str:
    return " ".join(render(child) for child in node.children if child.end_byte <= declarator.start_byte)


def _names(size: Node | None) -> list[str]:
    return [] if size is None else [text_of(each) for each in walk(size) if each.type == "identifier"]


def _rows(kind: str, sizes: list[Node] | list[Node | None]) -> str:
    return f"hy::rows<{kind}, {len(sizes)}>"


def _listed(sizes: list[Node] | list[Node | None], render: Render) -> str:
    return "".join(f", {render(size)}" for size in sizes if size is not None)
