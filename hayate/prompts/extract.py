"""Reply -> source, or None where the format is violated.

A fence is a line that starts with three backquotes, after at most three blanks. The format:

- **A conversation's reply** opens a block by a fence with the language's word (`c`; `cpp` or `c++`) and closes
  it by a bare fence. Text around it and blocks of other languages are let through. Of several complete blocks
  in the language the *last* counts:
  models quote the reference or a fragment before they answer.
- **A continuation** of a prompt that already ended in the opening fence starts with code: everything up to
  the first fence, which must be bare. Text after it is let through.

A violation: no closing fence, also of a last block after complete ones (the reply was cut off, and an earlier
block is not the answer); an empty block; a fence with a word inside an open block; a block after the end
of a continued one (two answers, neither of them said to be the one).
"""

from __future__ import annotations

import re

from hayate.records import Language

_FENCE = re.compile(r"^ {0,3}```(?!`)(.*)$")

_WORDS: dict[Language, tuple[str, ...]] = {"c": ("c",), "c++": ("cpp", "c++", "cxx")}


def extract(reply: str, language: Language = "c") -> str | None:
    """The source in `reply`, ending in one newline; None if the format is violated."""
    lines = reply.replace("\r\n", "\n").split("\n")
    fences = [(i, m.group(1).strip(" \t")) for i, line in enumerate(lines) if (m := _FENCE.match(line))]
    if not fences:
        return None
    first, word = fences[0]
    continued = not word and any(line.strip() for line in lines[:first])
    blocks = _blocks(fences[1:] if continued else fences, _WORDS[language])
    if blocks is None:
        return None
    if continued:
        return None if blocks else _source(lines[:first])
    return _source(lines[blocks[-1][0] + 1 : blocks[-1][1]]) if blocks else None


def _blocks(fences: list[tuple[int, str]], wanted: tuple[str, ...]) -> list[tuple[int, int]] | None:
    """First and last line of each complete block in the language; None if one isn't closed, or holds a fence."""
    blocks = []
    opened: tuple[int, str] | None = None
    for line, word in fences:
        if opened is None:
            opened = (line, word)
        elif word:
            return None
        else:
            if opened[1].casefold().split()[:1] in ([word] for word in wanted):
                blocks.append((opened[0], line))
            opened = None
    return blocks if opened is None else None


def _source(lines: list[str]) -> str | None:
    text = "\n".join(lines).strip("\n").rstrip()
    return text + "\n" if text.strip() else None
