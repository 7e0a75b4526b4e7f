"""What a function needs of its file, gathered into a text that compiles alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hayate.new.preprocessed import Place, Preprocessed, original
from hayate.new.syntax import Item

_WORD = re.compile(r"[A-Za-z_]\w*")
_STATIC = re.compile(r"\b(?:static|inline|__inline__|__inline|extern|__forceinline|__always_inline)\b[ \t]*")
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:__)?(?:always_inline|unused|noinline)(?:__)?\)\)\s*")
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Needed:
    """The items and macros that a function needs, in the order of the file."""

    items: tuple[Item, ...]
    words: frozenset[str]  # every word in them


def needed(source: Preprocessed, all_items: Sequence[Item], start: Iterable[Item]) -> Needed:
    """The items from `start` and all that they name, and so on."""
    by_name: dict[str, list[Item]] = {}
    for item in all_items:
        for name in item.names:
            by_name.setdefault(name, []).append(item)
    bodies: dict[str, list[str]] = {}
    for macro in source.macros:
        bodies.setdefault(macro.name, []).append(macro.text)
    chosen: dict[int, Item] = {}
    words: set[str] = set()
    waiting = list(start)
    while waiting:
        item = waiting.pop()
        if item.node.id in chosen:
            continue
        chosen[item.node.id] = item
        fresh = set(_WORD.findall(expanded(source, item)))
        fresh |= set(_WORD.findall(written(source, item) or ""))
        stack = list(fresh)
        while stack:
            for text in bodies.get(stack.pop(), ()):
                more = set(_WORD.findall(text)) - fresh
                fresh |= more
                stack += more
        for word in fresh - words:
            waiting += by_name.get(word, [])
        words |= fresh
    in_order = sorted(chosen.values(), key=lambda item: item.node.start_byte)
    return Needed(tuple(in_order), frozenset(words))


def expanded(source: Preprocessed, item: Item) -> str:
    """The item's text after the preprocessor."""
    text = source.cut(item.node.start_byte, item.node.end_byte)
    semicolon = item.kind in ("variable", "prototype", "type") and not text.rstrip().endswith(";")
    return text + (";" if semicolon else "")


def _where(source: Preprocessed, item: Item) -> tuple[Path, int, int] | None:
    """File, first and last line as the person wrote them."""
    places = [p for p in source.places[item.first : item.last + 1] if p is not None]
    if not places or len({p.file for p in places}) != 1 or not places[0].file.is_file():
        return None
    return places[0].file, places[0].line, max(p.line for p in places)


def written(source: Preprocessed, item: Item) -> str | None:
    """The item's lines as the person wrote them, macros unexpanded; None where lines can't be cut out."""
    where = _where(source, item)
    if where is None:
        return None
    file, first, last = where
    lines = original(file)[first - 1 : last]
    depth = 0
    for line in lines:
        if re.match(r"\s*#\s*if", line):
            depth += 1
        elif re.match(r"\s*#\s*endif", line):
            depth -= 1
        elif re.match(r"\s*#\s*el", line) and depth == 0:
            return None
        if depth < 0:
            return None
    return "\n".join(lines) if depth == 0 else None


def exposed(text: str, name: str, prefix: str) -> str:
    """The definition with external linkage: what stands before its name loses `static` and `inline`."""
    at = re.search(rf"\b{re.escape(name)}\s*\(", text)
    if at is None:
        return text
    head = _ATTRIBUTE.sub("", _STATIC.sub("", text[: at.start()]))
    comment = head.rfind("*/") + 2 if "*/" in head else 0
    return head[:comment] + prefix + head[comment:].lstrip() + text[at.start() :]


@dataclass(frozen=True)
class Assembled:
    """A text and, for each of its lines, the person's line."""

    text: str
    places: tuple[Place | None, ...]


def assemble(
    source: Preprocessed, found: Needed, entry: Item | None, name: str, prefix: str, *, as_written: bool
) -> Assembled:
    """One text of headers, macros and items. `as_written` keeps macros; else all are expanded."""
    headers = [h for h, names in source.headers.items() if names & found.words]
    pieces: list[tuple[int, str, Place | None]] = []
    taken: set[tuple[Path, int]] = set()
    if as_written:
        features = set(source.features)
        for macro in source.macros:
            if macro.name in found.words and macro.text not in features:
                pieces.append((macro.at, macro.text, None))
    for item in found.items:
        if entry is not None and item.kind == "prototype" and name in item.names:
            continue
        text = written(source, item) if as_written else None
        where = _where(source, item)
        if text is not None and where is not None:
            lines = {(where[0], line) for line in range(where[1], where[2] + 1)}
            if lines & taken:
                if lines <= taken:
                    continue
                text = None
            taken |= lines
        if text is None:
            text = expanded(source, item)
        if entry is not None and item.node.id == entry.node.id:
            text = exposed(text, name, prefix)
        pieces.append((item.first, text, Place(where[0], where[1]) if where else None))
    return _join([*source.features, *(f"#include {h}" for h in headers)], pieces)


def _join(head: Sequence[str], pieces: Iterable[tuple[int, str, Place | None]]) -> Assembled:
    lines: list[str] = list(head)
    places: list[Place | None] = [None] * len(lines)
    previous_macro = True
    for _, text, place in sorted(pieces, key=lambda piece: piece[0]):
        macro = text.startswith(("#define", "#undef"))
        if lines and not (macro and previous_macro and lines[-1].startswith("#d")):
            lines.append("")
            places.append(None)
        previous_macro = macro
        for offset, line in enumerate(text.split("\n")):
            lines.append(line.rstrip())
            places.append(Place(place.file, place.line + offset) if place else None)
    return Assembled("\n".join(lines) + "\n", tuple(places))
