"""Text in place of a node of the syntax tree that leaves the lines after it where they were."""

from __future__ import annotations

import re

from tree_sitter import Node

from hayate.toolchains.source.nodes import text_of


def one_line(text: str) -> str:
    return re.sub(r"\s*\\?\n\s*", " ", text)


def lines_of(node: Node) -> str:
    """What keeps the lines of the text after a node where they were. In a macro they are one line in any case."""
    text = text_of(node)
    return "" if "\\\n" in text else "\n" * text.count("\n")
