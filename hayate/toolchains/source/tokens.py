"""C and C++ source as tokens and directives: no comment, splice or digraph hides a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hayate.records import Language

_SPLICE = re.compile(r"\\[ \t]*\r?\n")
BYTE_ORDER_MARK = "\ufeff"  # compilers pass over it at the start of a file
_TOKEN_TEXT = r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<raw>(?:u8|[uUL])?R")
      | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z))
      | (?P<char>[uUL]?'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z))
      | (?P<number>\.?[0-9](?:[eEpP][+-]|[0-9a-zA-Z_.])*)
      | (?P<name>[A-Za-z_$\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*)
      | (?P<newline>\n)
      | (?P<space>[ \t\r\f\v]+)
      | (?P<mark>%:%:|%:|<:|:>|<%|%>|\#\#|.)
    """
# C++ lets a quote stand between two digits; to C it opens a character. A raw string of C++ is a string like others
# where it ends on its line: see `_raw_tokens`. All other beginnings of raw strings are tokens of their own kind.
_SEPARATED = _TOKEN_TEXT.replace("[0-9a-zA-Z_.])*", "[0-9a-zA-Z_.]|'(?=[0-9a-zA-Z_]))*")
_WHOLE = r"""(?P<whole>(?:u8|[uUL])?R"(?P<delimiter>[A-Za-z0-9_]{0,16})\([^\n]{0,1000}?\)(?P=delimiter)")
      | (?P<raw>"""
_TOKEN: dict[Language, re.Pattern[str]] = {
    "c": re.compile(_TOKEN_TEXT, re.VERBOSE | re.DOTALL),
    "c++": re.compile(_SEPARATED.replace("(?P<raw>", _WHOLE), re.VERBOSE | re.DOTALL),
}
_DIGRAPHS = {"%:%:": "##", "%:": "#", "<:": "[", ":>": "]", "<%": "{", "%>": "}"}
CONDITIONS = ("if", "ifdef", "ifndef")
_NO_FILES = ("<command-line>", "<command line>", "<built-in>")  # what included them: the command
_DIRECTIVE_MAX = 64  # tokens of a line that are looked at; no #include has as many
_ESCAPED = re.compile(r"u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")
_MARKER = re.compile(r'^# (\d+) "((?:\\.|[^"\\\n])*)"[^\n]*\n?', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # "name", "number", "string", "raw" (the start of a raw string), "char", "mark"
    text: str
    line: int  # 1 is the first
    attached: bool = False  # nothing stands between it and the token before


@dataclass(frozen=True, slots=True)
class Directive:
    """A preprocessor line: "#include <x.h>" has word "include" and rest "< x . h >", its tokens."""

    word: str
    rest: str
    line: int
    text: str = ""  # the rest as it stands, but without comments
    conditional: bool = False  # an #if or the like stands around it, or it is one


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """A line as the preprocessor sees it, its end included."""

    text: str
    starts: int  # the offset of its first token; before it there may be the end of a comment
    directive: Directive | None
    spliced: int  # how many ends of lines were taken out of it


@dataclass(frozen=True)
class Source:
    """A text read: tokens outside its directives, tokens that its macros stand for, and the directives."""

    body: tuple[Token, ...]
    certain: tuple[Token, ...]  # of the body, what stands under no condition
    macros: tuple[Token, ...]
    directives: tuple[Directive, ...]
    pragmas: tuple[tuple[Token, ...], ...] = ()  # of each #pragma line: its clauses hold expressions
    certain_pragmas: tuple[tuple[Token, ...], ...] = ()  # of these, what stands under no condition
    # Outside comments and strings: what compilers take for white space and we would take for part of a name.
    unreadable: tuple[Token, ...] = ()


def _splice(text: str) -> tuple[str, list[int]]:
    """The text with its spliced lines joined, and the offsets in it of each line end that is gone."""
    splices: list[int] = []
    pieces: list[str] = []
    at = end = 0
    for match in _SPLICE.finditer(text):
        pieces.append(text[end : match.start()])
        at += match.start() - end
        splices.append(at)
        end = match.end()
    pieces.append(text[end:])
    return "".join(pieces), splices


def _raw_tokens(text: str, language: Language) -> Iterator[Token]:
    """Every token but comments and white space, newlines included; lines are those before splicing."""
    spliced, splices = _splice(text)
    line, seen, known, end = 1, 0, 0, 0
    for match in _TOKEN[language].finditer(spliced):
        start = match.start()
        line += spliced.count("\n", seen, start)
        seen = start
        while known < len(splices) and splices[known] <= start:
            known += 1
        kind = str(match.lastgroup)
        if kind in ("comment", "space"):
            continue
        found = match.group()
        attached, end = start == end, match.end()
        if kind == "whole":
            # What is spliced to us is none to the compiler: within a raw string a line end is a line end, and the
            # string may end elsewhere.
            kind = "raw" if known < len(splices) and splices[known] < end else "string"
        yield Token(kind, _DIGRAPHS.get(found, found) if kind == "mark" else found, line + known, attached)


def logical_lines(text: str, language: Language = "c") -> Iterator[LogicalLine]:
    """The text cut where the preprocessor sees a line end: those in comments and after backslashes are none."""
    spliced, splices = _splice(text)
    tokens: list[Token] = []
    start = starts = known = 0

    def line(end: int) -> LogicalLine:
        nonlocal known
        before = known
        while known < len(splices) and splices[known] <= end:
            known += 1
        is_directive = len(tokens) > 1 and tokens[0].text == "#" and tokens[0].kind == "mark"
        found = _directive(tokens) if is_directive else None
        return LogicalLine(spliced[start:end], starts - start, found, known - before)

    for match in _TOKEN[language].finditer(spliced):
        kind = str(match.lastgroup)
        if kind == "newline":
            yield line(match.end())
            tokens.clear()
            start = match.end()
        elif kind not in ("comment", "space") and len(tokens) < _DIRECTIVE_MAX:
            if not tokens:
                starts = match.start()
            found = match.group()
            tokens.append(Token(kind, _DIGRAPHS.get(found, found) if kind == "mark" else found, 0))
    if start < len(spliced):
        yield line(len(spliced))


def _directive(tokens: list[Token]) -> Directive:
    word, rest = tokens[1].text, tokens[2:]
    text = "".join(t.text if t.attached else " " + t.text for t in rest).strip()
    return Directive(word, " ".join(t.text for t in rest), tokens[0].line, text)


def read(text: str, language: Language = "c") -> Source:
    """The tokens and directives of any text, in the language or not; never raises."""
    body: list[Token] = []
    certain: list[Token] = []
    macros: list[Token] = []
    directives: list[Directive] = []
    pragmas: list[tuple[Token, ...]] = []
    certain_pragmas: list[tuple[Token, ...]] = []
    unreadable: list[Token] = []
    current: list[Token] = []
    depth = 0

    def flush() -> None:
        nonlocal depth
        if len(current) > 1 and current[0].text == "#" and current[0].kind == "mark":
            found = _directive(current)
            if found.word == "define":
                macros.extend(current[3:])
            elif found.word == "pragma":
                pragmas.append(tuple(current[2:]))
                if depth == 0:
                    certain_pragmas.append(tuple(current[2:]))
            if found.word in CONDITIONS:
                depth += 1
            elif found.word == "endif":
                depth = max(0, depth - 1)
            directives.append(replace(found, conditional=depth > 0))
        else:
            body.extend(current)
            if depth == 0:
                certain.extend(current)
        current.clear()

    for token in _raw_tokens(text, language):
        if token.kind == "newline":
            flush()
            continue
        escape = current[-1] if current and current[-1].text == "\\" else None
        if depth == 0 and escape and not _is_escaped(token):
            unreadable.append(escape)
        if depth == 0 and token.kind == "name" and not is_name(token.text):
            unreadable.append(token)
        current.append(token)
    flush()
    return Source(
        body=tuple(body),
        certain=tuple(certain),
        macros=tuple(macros),
        directives=tuple(directives),
        pragmas=tuple(pragmas),
        certain_pragmas=tuple(certain_pragmas),
        unreadable=tuple(unreadable),
    )


def is_name(text: str) -> bool:
    """Whether compilers, too, take all these characters for parts of a name."""
    return text.isascii() or f"_{text}".replace("$", "_").isidentifier()


def _is_escaped(token: Token) -> bool:
    """Whether a backslash before the token makes it a letter of a name: gcc's preprocessor writes them so."""
    found = _ESCAPED.match(token.text) if token.attached and token.kind == "name" else None
    code = int(found[1] or found[2], 16) if found else 0
    return 0x80 <= code <= 0x10FFFF and is_name(chr(code))


def own_part(preprocessed: str, file: str) -> tuple[str, str]:
    """A preprocessor's output of `file` without markers, each part at its own line; and a stranger's name.

    The name is that of the first other file which the output says to be of, "" if there is none.
    """
    pieces: list[str] = []
    line = 1
    start = 0
    stranger = ""

    def take(end: int) -> None:
        nonlocal line
        piece = preprocessed[start:end]
        pieces.append(piece)
        line += piece.count("\n")

    for match in _MARKER.finditer(preprocessed):
        take(match.start())
        start = match.end()
        if match.group(2) != file:
            if match.group(2) not in _NO_FILES:
                stranger = stranger or match.group(2) or "no name"
            continue
        wanted = min(int(match.group(1)[:9]), line + 100_000)
        if wanted > line:
            pieces.append("\n" * (wanted - line))
            line = wanted
        else:
            # gcc starts a line for each marker; take back what stands for no line of the file.
            text = pieces[-1].rstrip("\n")
            spare = len(pieces[-1]) - len(text) - bool(text)
            back = max(0, min(line - wanted, spare))
            pieces[-1] = pieces[-1][: len(pieces[-1]) - back]
            line -= back
    take(len(preprocessed))
    return "".join(pieces), stranger
