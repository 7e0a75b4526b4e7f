"""Macro expansion, good enough for labels: parameters and kernels are often written as macros.

Not the preprocessor: conditions are ignored (both branches stay), `#` is left alone. What must be certain is
read from the real preprocessor's output instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hayate.toolchains.source.tokens import Directive, Source, Token, read

_DEPTH = 8
_NESTED_MAX = 50
_TOKENS_MAX = 40_000  # a handful of nested macros can stand for millions


@dataclass(frozen=True)
class _Macro:
    parameters: tuple[str, ...] | None  # None: object-like
    body: tuple[Token, ...]


def _define(directive: Directive) -> tuple[str, _Macro] | None:
    tokens = read(directive.text).body
    if not tokens or tokens[0].kind != "name":
        return None
    name = tokens[0].text
    # Only "NAME(" without a space has parameters.
    if directive.text[len(name) : len(name) + 1] != "(":
        return name, _Macro(None, tokens[1:])
    closing = next((i for i, t in enumerate(tokens) if t.text == ")"), len(tokens) - 1)
    parameters = tuple(t.text for t in tokens[2:closing] if t.kind == "name")
    return name, _Macro(parameters, tokens[closing + 1 :])


class _Expander:
    def __init__(self, macros: dict[str, _Macro]) -> None:
        self._macros = macros
        self.left = _TOKENS_MAX

    def expand(self, tokens: Sequence[Token], hidden: frozenset[str], nested: int = 0) -> list[Token]:
        """Arguments nested deeper than _NESTED_MAX stay as they are."""
        if nested > _NESTED_MAX:
            self.left -= len(tokens)
            return list(tokens)
        out: list[Token] = []
        i = 0
        while i < len(tokens) and self.left > 0:
            token = tokens[i]
            i += 1
            macro = self._macros.get(token.text) if token.kind == "name" else None
            if macro is None or token.text in hidden or len(hidden) >= _DEPTH:
                out.append(token)
                self.left -= 1
                continue
            bound: dict[str, list[Token]] = {}
            if macro.parameters is not None:
                if i >= len(tokens) or tokens[i].text != "(":
                    out.append(token)
                    continue
                arguments, i = _arguments(tokens, i)
                bound = {
                    name: self.expand(argument, hidden, nested + 1)
                    for name, argument in zip(macro.parameters, arguments, strict=False)
                }
            body: list[Token] = []
            for part in macro.body:
                body.extend(bound.get(part.text, [part]) if part.kind == "name" else [part])
                if len(body) > self.left:
                    break
            pasted = _paste(body[: self.left])
            # The first one stands apart, lest `-X` with X = -1 become `--1`.
            placed = [Token(t.kind, t.text, token.line, k > 0 and t.attached) for k, t in enumerate(pasted)]
            out.extend(self.expand(placed, hidden | {token.text}, nested + 1))
        return out


def _arguments(tokens: Sequence[Token], at: int) -> tuple[list[list[Token]], int]:
    """The arguments of the call whose "(" is at `at`, and the index past its ")"."""
    arguments: list[list[Token]] = [[]]
    depth = 0
    while at < len(tokens):
        text = tokens[at].text
        at += 1
        depth += text in "([{" and len(text) == 1
        if depth == 1 and text == "(" and not arguments[0] and len(arguments) == 1:
            continue
        depth -= text in ")]}" and len(text) == 1
        if depth == 0:
            break
        if depth == 1 and text == ",":
            arguments.append([])
        else:
            arguments[-1].append(tokens[at - 1])
    return arguments, at


def _paste(tokens: Sequence[Token]) -> list[Token]:
    out: list[Token] = []
    joined = False
    for token in tokens:
        if token.text == "##":
            joined = bool(out)
        elif joined:
            last = out.pop()
            kind = last.kind if last.kind == "name" else token.kind
            out.append(Token(kind, last.text + token.text, last.line, last.attached))
            joined = False
        else:
            out.append(token)
    return out


@dataclass(frozen=True)
class Expanded:
    """A source without comments, directives and macros; each token is on its own line still."""

    text: str
    pragmas: tuple[
        str, ...
    ]  # "GCC unroll 4"; out of the text, since between a loop and its body they confuse


def expand(source: Source) -> Expanded:
    """The source with its own macros expanded."""
    macros: dict[str, _Macro] = {}
    pragmas: list[str] = []
    for directive in source.directives:
        if directive.word == "define":
            defined = _define(directive)
            if defined:
                macros[defined[0]] = defined[1]
        elif directive.word == "pragma":
            pragmas.append(directive.rest)
    lines: dict[int, list[str]] = {}
    tokens = _Expander(macros).expand(source.body, frozenset())
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.text == "_Pragma" and i + 3 < len(tokens) and tokens[i + 2].kind == "string":
            pragmas.append(tokens[i + 2].text.strip('"'))
            i += 4
            continue
        line = lines.setdefault(token.line, [])
        # Marks are single characters here: only those that stood together may form one operator.
        line.append(token.text if token.attached and token.kind == "mark" else " " + token.text)
        i += 1
    last = max(lines, default=0)
    text = "\n".join("".join(lines.get(line, ())) for line in range(1, last + 1)) + "\n"
    return Expanded(text, tuple(pragmas))
