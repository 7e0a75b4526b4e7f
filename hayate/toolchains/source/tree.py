"""The syntax tree of a C or C++ text, and helpers that don't recurse: candidates nest as deep as they like."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from tree_sitter import Node, Parser

from hayate.records import Language
from hayate.toolchains.source.nodes import grammar, text_of

VISITS_MAX = 100_000  # of nodes; some five thousand for the largest of 300 real kernels
PARSE_MAX_S = 2.0  # CPU time; real kernels take milliseconds, some broken texts take the parser minutes


class Tangled(Exception):
    """The text can't be parsed in reasonable time."""


class _Visits(threading.local):
    """What may still be looked at in the tree that this thread parsed last.

    Who looks for labels goes over whole subtrees again for each loop and each assignment.
    """

    left = 0

    def one(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Tangled("the source is too tangled to be looked through")


_visits = _Visits()


def parse(text: str, language: Language = "c") -> Node:
    """The root of the syntax tree, with error nodes where the text is not of the language. Raises Tangled."""
    data = text.encode(errors="replace")
    _visits.left = VISITS_MAX
    deadline = time.thread_time() + PARSE_MAX_S
    try:
        # The parser asks the callback whether to stop only when it reads through a function.
        tree = Parser(grammar(language)).parse(
            # Small pieces: the text of a node is cut out of whole ones.
            lambda at, _: data[at : at + 1024],
            encoding="utf8",
            progress_callback=lambda _at, _error: time.thread_time() > deadline,
        )
    except ValueError:
        tree = None
    if tree is None:
        raise Tangled("the source is too tangled to be parsed")
    return tree.root_node


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text. (Not by `parent`, which searches from the root.)"""
    stack = [node]
    while stack:
        current = stack.pop()
        _visits.one()
        yield current
        stack.extend(reversed(current.children))


def names(node: Node | None) -> list[str]:
    """Identifiers used as values below a node; names of called functions and of fields are left out."""
    if node is None:
        return []
    found = []
    stack = [node]
    while stack:
        current = stack.pop()
        _visits.one()
        if current.type == "identifier":
            found.append(text_of(current))
        elif current.type == "call_expression":
            function = current.child_by_field_name("function")
            plain = function is not None and function.type == "identifier"
            stack.extend(reversed(current.named_children[1:] if plain else current.named_children))
        else:
            stack.extend(reversed(current.named_children))
    return found


def declared(declarator: Node | None) -> tuple[str, list[Node | None], bool]:
    """Of a declarator: the name, the sizes of its array (None where empty), and whether it is a pointer.

    `double (*p)[8]` is a pointer and no array.
    """
    sizes: list[Node | None] = []
    pointer = False
    node = declarator
    for _ in range(64):
        if node is None:
            return "", [], False
        if node.type in ("identifier", "field_identifier", "type_identifier"):
            return text_of(node), sizes, pointer
        if node.type == "array_declarator":
            sizes.append(node.child_by_field_name("size"))
        elif node.type == "pointer_declarator":
            pointer = True
        elif node.type == "parenthesized_declarator":
            node = node.named_children[0] if node.named_children else None
            if node is not None and node.type == "pointer_declarator":
                sizes, pointer = [], True
            continue
        elif node.type == "function_declarator":
            return "", [], False
        node = node.child_by_field_name("declarator") or (
            node.named_children[-1] if node.named_children else None
        )
    return "", [], False
