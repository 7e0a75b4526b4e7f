"""A file as the preprocessor sees it: the project's own lines with where they come from, its macros, its headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hayate.errors import WrongUse
from hayate.new.compilers import dialect, run_compiler
from hayate.records import Language

_MARKER = re.compile(r'# (\d+) "((?:[^"\\]|\\.)*)"((?: \d)*)')
_DEFINE = re.compile(r"#define (\w+)")
_UNDEF = re.compile(r"#undef (\w+)")
_INCLUDE = re.compile(r"#include(?:_next)? *([<\"].*)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_DECLARES = re.compile(r"([A-Za-z_]\w*)(?:\s*\(|\s*(?:\[\w*\])?\s*;)")
# Macros of the project by which a system header decides what it declares.
_EXTENSIONS = re.compile(
    r"\b(?:_Complex|__complex__|__restrict(?:__)?|__extension__|__inline(?:__)?|_Noreturn)\b"
    r"|__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)"
)
_FEATURE = re.compile(
    r"_(?:GNU|DEFAULT|BSD|SVID|POSIX|XOPEN|ISOC\w+)(?:_C)?_SOURCE|_USE_MATH_DEFINES|__STDC_\w+_MACROS"
)


@dataclass(frozen=True)
class Place:
    """A line of one of the person's files, from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Macro:
    """A `#define` or `#undef` of the project."""

    name: str
    text: str
    at: int  # the line of `Preprocessed.lines` that it stands before


@dataclass
class Preprocessed:
    """The project's own lines after macro expansion. Lines of system headers are left out."""

    language: Language
    lines: list[str] = field(default_factory=list)
    places: list[Place | None] = field(default_factory=list)
    macros: list[Macro] = field(default_factory=list)
    headers: dict[str, set[str]] = field(default_factory=dict)  # "<math.h>" -> what it declares and defines

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def parseable(self) -> str:
        """The text with blanks, byte for byte, for words that the grammar does not know."""
        return _EXTENSIONS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), self.text)

    def cut(self, first: int, last: int) -> str:
        """The text between two bytes."""
        return self.text.encode()[first:last].decode(errors="replace")

    @property
    def features(self) -> list[str]:
        """Definitions that must stand before the headers."""
        return [m.text for m in self.macros if _FEATURE.fullmatch(m.name)]


def preprocess(
    path: Path, language: Language, includes: Sequence[Path] = (), defines: Sequence[str] = ()
) -> Preprocessed:
    """Raises WrongUse with the compiler's first error if the file does not compile alone."""
    options = [*(f"-I{folder}" for folder in includes), *(f"-D{define}" for define in defines)]
    said = run_compiler(language, [*dialect(language), "-E", "-dDI", *options, str(path)])
    if said.code == 0:
        checked = run_compiler(language, [*dialect(language), "-w", "-fsyntax-only", *options, str(path)])
        if checked.code:
            said = checked
    if said.code:
        raise WrongUse(
            f"the file does not compile alone: {said.first_error}",
            where=str(path),
            allowed="folders of its headers by -I, its macros by -D NAME=VALUE",
        )
    return _read(said.out.decode(errors="replace"), path, language)


def _read(text: str, path: Path, language: Language) -> Preprocessed:
    found = Preprocessed(language)
    own = {str(path)}  # files of the project
    header = ""  # the system header that the project included, while it is being read
    asked = ""  # the last #include of the project
    file, number, system = str(path), 1, False
    for line in text.split("\n"):
        marker = _MARKER.match(line)
        if marker:
            number, file, flags = int(marker[1]), _unescape(marker[2]), marker[3].split()
            # What a system's macro expands to has the flag of a system header and the name of the project's file.
            entered = file not in own and (
                "3" in flags or (file.startswith("<") and file != "<command-line>")
            )
            if entered and not system:
                header = asked if "1" in flags else ""
            system = entered
            if not system:
                own.add(file)
            continue
        include = _INCLUDE.match(line)
        if include:
            if not system:
                asked = include[1].split(">")[0] + ">" if include[1].startswith("<") else include[1]
            continue  # -dI writes them beside what they bring
        if system:
            if header:
                _note(found.headers.setdefault(header, set()), line, language)
            continue
        defined = _DEFINE.match(line) or _UNDEF.match(line)
        if defined:
            found.macros.append(Macro(defined[1], line, len(found.lines)))
            found.lines.append("")
            found.places.append(None)
        else:
            place = Place(Path(file), number)
            if found.places and found.places[-1] == place:
                found.lines[-1] += line  # parted by an expansion
            else:
                found.lines.append(line)
                found.places.append(place)
        number += 1
    return found


def _note(names: set[str], line: str, language: Language) -> None:
    """What a line of a system header declares: those of C stand at the margin, those of C++ anywhere."""
    defined = _DEFINE.match(line)
    if defined:
        names.add(defined[1])
    elif language == "c++":
        names.update(_WORD.findall(line))
    elif line and (line[0] not in "# \t" or line.startswith(" extern ")):
        names.update(_DECLARES.findall(line))


def _unescape(name: str) -> str:
    """A file name as the preprocessor quotes it: octal for what is not ASCII, in some versions."""
    raw = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), name.encode())
    return re.sub(rb"\\(.)", rb"\1", raw).decode(errors="replace")


def original(path: Path) -> list[str]:
    """The lines of a person's file, without mark of byte order or carriage returns."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").split("\n")
