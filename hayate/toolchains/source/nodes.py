"""Grammars and nodes of tree-sitter, for whoever reads C or C++."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_c
import tree_sitter_cpp
from tree_sitter import Language as Grammar
from tree_sitter import Node

from hayate.records import Language


@cache
def grammar(language: Language) -> Grammar:
    return Grammar((tree_sitter_c if language == "c" else tree_sitter_cpp).language())


def text_of(node: Node | None) -> str:
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""


def every(node: Node | None) -> Iterator[Node]:
    """The node and all below it, in the order of the text, however many: for texts whose owner is trusted. Of a
    candidate's `tree.walk` is the way, which ends."""
    stack = [node] if node is not None else []
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))
