"""The C and C++ files of a task folder, with what their first comment lines say about them.

// expect: wrong
// why: the last row is never written
// permitted: simd alloc
// flags: -Ofast -funroll-loops
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from hayate.errors import WrongUse
from hayate.records import CXX_SUFFIXES, Outcome, SourceText, Technique
from hayate.tasks.complain import did_you_mean, read_text

_FLAG = re.compile(r"-(?:O\w*|[fm][\w-]+(?:=[\w.-]+)?)")  # of optimisation: neither files nor libraries
_LINE = re.compile(r"//\s*(\w+)\s*:\s*(.*?)\s*$")
_FAILURES = tuple(o.value for o in Outcome if o is not Outcome.ACCEPTED)


def read_source(
    path: Path,
    *,
    known: Iterable[Technique],
    default: Iterable[Technique],
    keys: tuple[str, ...] = ("permitted",),
    entry: str = "",
) -> SourceText:
    """One file. `known` are the task's techniques, `default` those permitted where the file says nothing.

    `keys` are the words that its head may use; with `entry`, the file must define a function of that name.
    """
    text = read_text(path)
    head = _head(text, path, keys)
    if entry and not defines(text, entry):
        raise WrongUse(f"does not define the function {entry!r}", where=str(path))
    permitted = tuple(default)
    if "permitted" in head:
        permitted = _techniques(head["permitted"], tuple(known), path)
    expect = head.get("expect", "")
    if "expect" in keys and expect not in _FAILURES:
        said = f"the first line says {expect!r}" if expect else "the first line must be '// expect: OUTCOME'"
        raise WrongUse(said + did_you_mean(expect, _FAILURES), where=str(path), allowed=", ".join(_FAILURES))
    if "why" in keys and not head.get("why"):
        raise WrongUse("a line '// why: ...' must say what is wrong with it", where=str(path))
    flags = tuple(head.get("flags", "").split())
    for flag in flags:
        if not _FLAG.fullmatch(flag):
            raise WrongUse(f"'// flags:' names {flag!r}", where=str(path), allowed="-O..., -f... and -m...")
    return SourceText(name=path.name, text=text, techniques=permitted, expect=expect, flags=flags)


def read_sources(
    folder: Path,
    *,
    known: Iterable[Technique],
    default: Iterable[Technique],
    keys: tuple[str, ...] = ("permitted",),
    entry: str = "",
) -> tuple[SourceText, ...]:
    """Every C and C++ source of a folder, by name; none if the folder isn't there. The rest as for `read_source`."""
    known, default = tuple(known), tuple(default)
    return tuple(
        read_source(path, known=known, default=default, keys=keys, entry=entry)
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.suffix in (".c", *CXX_SUFFIXES)
    )


def defines(text: str, function: str) -> bool:
    """Whether a C text seems to define `function` (the compiler has the last word)."""
    return re.search(rf"\b{re.escape(function)}\s*\([^;{{]*\)\s*\{{", text) is not None


def _head(text: str, path: Path, keys: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        match = _LINE.match(line)
        if match is None:
            continue
        key, value = match.groups()
        if key in keys:
            found[key] = value
        elif key in ("permitted", "expect", "why", "flags") or did_you_mean(key, keys):
            raise WrongUse(
                f"'// {key}:' means nothing here{did_you_mean(key, keys)}",
                where=str(path),
                allowed=", ".join(f"// {k}:" for k in keys),
            )
    return found


def _techniques(words: str, known: tuple[Technique, ...], path: Path) -> tuple[Technique, ...]:
    chosen = []
    for word in words.replace(",", " ").split():
        if word == "none":
            continue
        if word not in known:
            raise WrongUse(
                f"'// permitted:' names {word!r}, no technique of this task{did_you_mean(word, known)}",
                where=str(path),
                allowed=", ".join(known) + ", none",
            )
        chosen.append(Technique(word))
    return tuple(chosen)
