"""What a person says of a source on the command line: the text, its language, what it is permitted."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import get_args

from hayate.errors import WrongUse
from hayate.records import CXX_SUFFIXES, Language, Technique

# What C++ has and C can't have, in code without comments and texts. Names alone ("template", "class") are fine in C.
_CXX = re.compile(
    r"\bstd\s*::|\busing\s+namespace\b|\bnamespace\s+\w*\s*\{|"
    r"\btemplate\s*<\s*(?:typename|class|int|unsigned|long|bool|size_t|auto|std|>)|"
    r"\b(?:static|reinterpret|const)_cast\s*<|\bconstexpr\s+\w|#\s*include\s*<(?:c?[a-z]+)>"
)
_NO_CODE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'", re.DOTALL)


def read_source(file: Path) -> str:
    """Of a candidate; "-" is standard input. Raises WrongUse."""
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(errors="replace")
    except OSError as error:
        raise WrongUse(f"can't be read: {error.strerror}", where=str(file)) from error


def language_of(wanted: str, file: Path, source: str) -> Language:
    """As said, else by the file's name. Raises WrongUse where name or text is of another language."""
    if wanted:
        for known in get_args(Language):
            if wanted == known:
                found: Language = known
                return found
        raise WrongUse(
            f"{wanted!r} is no language", where="--language", allowed=", ".join(get_args(Language))
        )
    if file.suffix in CXX_SUFFIXES:
        return "c++"
    if file.suffix != ".c" and str(file) != "-":
        raise WrongUse(
            "its name does not say in which language it is",
            where=str(file),
            allowed=f".c, {', '.join(CXX_SUFFIXES)}, or --language",
        )
    seen = _CXX.search(_NO_CODE.sub(" ", source))
    if seen is not None and "__cplusplus" not in source:
        raise WrongUse(
            f"{seen[0].strip()!r} in it is C++, and it would be taken for C",
            where=str(file),
            allowed=f"a name in {', '.join(CXX_SUFFIXES)}, or --language c++ (or c, to have it judged as C)",
        )
    return "c"


def permitted_of(text: str, known: tuple[Technique, ...]) -> tuple[Technique, ...]:
    """Raises WrongUse."""
    if not text:
        return tuple(t for t in known if t is not Technique.THREADS)
    names = [n.strip() for n in text.split(",") if n.strip() and n.strip() != "none"]
    allowed = ", ".join(t.value for t in known)
    for name in names:
        if name not in {t.value for t in known}:
            raise WrongUse(f"{name!r} is no technique of this task", where="--permit", allowed=allowed)
    return tuple(Technique(n) for n in names)


def percentage(text: str, where: str) -> float:
    """0.02 of "2%" or "0.02". Raises WrongUse."""
    number, per_cent = (text[:-1], True) if text.endswith("%") else (text, False)
    try:
        value = float(number) / (100 if per_cent else 1)
    except ValueError:
        value = 0.0
    if not 0.001 <= value <= 1:
        raise WrongUse(f"{text!r} is no width", where=where, allowed="0.1% to 100%, e.g. 2%")
    return value
