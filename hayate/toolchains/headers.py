"""The headers that a candidate asks for, before its text: nothing that it writes can change what they say.

The preprocessor gets, in this order: the task's declaration, the allowed headers, BOUNDARY, the candidate's text
without its #include lines. What it puts out before the first BOUNDARY is therefore never the candidate's, and all
that comes after it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from hayate.records import Language, Task
from hayate.toolchains import cxx
from hayate.toolchains.source.names import words
from hayate.toolchains.source.rules import included
from hayate.toolchains.source.tokens import BYTE_ORDER_MARK, CONDITIONS, Directive, logical_lines

BOUNDARY = "#pragma hayate candidate"
ASKED = "#pragma hayate include"  # and a number: stands where an #include under a condition stood
# Macros by which a source says which parts of a header it wants; all others have no effect on headers.
_FEATURES = words(
    """
    NDEBUG _GNU_SOURCE _DEFAULT_SOURCE _BSD_SOURCE _SVID_SOURCE _POSIX_SOURCE _POSIX_C_SOURCE _XOPEN_SOURCE
    _ISOC99_SOURCE _ISOC11_SOURCE _USE_MATH_DEFINES __STDC_LIMIT_MACROS __STDC_CONSTANT_MACROS
    __STDC_FORMAT_MACROS
    """
)


@dataclass(frozen=True)
class Parted:
    """A source and its headers. `text` has the source's own lines, so that a compiler's words name them."""

    headers: str  # what is included whatever happens, features before it
    text: str
    asked: tuple[str, ...]  # headers under conditions: which of them, only the preprocessor knows


def allowed_headers(task: Task, language: Language) -> tuple[str, ...]:
    """What a candidate may #include."""
    return task.headers if language == "c" else cxx.headers(task.headers)


def part(source: str, allowed: Collection[str], language: Language = "c") -> Parted:
    """Take the #include lines of allowed headers out of a source, and splice its lines.

    Lines that are computed or name another header stay: what they would bring in comes after BOUNDARY.
    """
    pieces: list[str] = []
    features: dict[str, str] = {}
    first: dict[str, None] = {}  # an ordered set
    asked: dict[str, None] = {}
    depth = 0
    for line in logical_lines(source.removeprefix(BYTE_ORDER_MARK), language):
        directive = line.directive
        kept = line.text
        if directive is not None:
            word = directive.word
            depth = max(0, depth + (word in CONDITIONS) - (word == "endif"))
            name = included(directive) if word == "include" else ""
            if word == "define" and not first and not asked:
                _feature(directive, features)
            if name in allowed:
                (first if depth == 0 else asked)[name] = None
                before = line.text[: line.starts]  # a comment that began lines before
                stand_in = "" if depth == 0 else f"{ASKED} {list(asked).index(name)}"
                kept = before + stand_in + "\n" * line.text.count("\n", line.starts)
        pieces.append(kept + "\n" * line.spliced)
    wanted = [f"#ifndef {name}\n#define {name} {value}\n#endif\n" for name, value in features.items()]
    wanted += [f"#include <{name}>\n" for name in first]
    return Parted("".join(wanted), "".join(pieces), tuple(asked))


def _feature(directive: Directive, into: dict[str, str]) -> None:
    name, _, value = directive.rest.partition(" ")
    if name in _FEATURES and (not value or re.fullmatch(r"[0-9]+[lL]?", value)):
        into[name] = value


def after_boundary(preprocessed: bytes) -> bytes | None:
    """The candidate's part of the preprocessor's output; None if there is none."""
    _, found, own = preprocessed.partition(b"\n" + BOUNDARY.encode() + b"\n")
    return own if found else None
